#include "owners.h"

#include <algorithm>
#include <utility>

namespace sockdiag {

void Append(Owners part, Owners* owners) {
  const auto first = static_cast<uint32_t>(owners->holders.size());
  for (Holding holding : part.holdings) {
    holding.holder = first;
    owners->holdings.push_back(holding);
  }
  for (Holder& holder : part.holders) owners->holders.push_back(std::move(holder));
  owners->read += part.read;
  owners->denied += part.denied;
  owners->vanished += part.vanished;
}

void SortByInode(std::vector<Holding>* holdings) {
  std::stable_sort(holdings->begin(), holdings->end(),
                   [](const Holding& a, const Holding& b) { return a.inode < b.inode; });
}

}  // namespace sockdiag
