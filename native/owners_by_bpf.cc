#include "owners_by_bpf.h"

#include <unistd.h>
#include <cstring>
#include <map>
#include <utility>

#include "held_sockets.h"

namespace sockdiag {
namespace {

struct Told {
  uint32_t thread = 0;
  Owners owners;
};

// In the unit of /proc.
uint64_t TicksOf(uint64_t nanoseconds) {
  constexpr uint64_t kSecond = 1'000'000'000;
  return nanoseconds / (kSecond / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

// Of a process whose first thread has ended the kernel tells for each of the others, which all have the same
// descriptors: the first of them stands for it.
void Add(const HeldSocket& held, Told* told) {
  if (told->owners.holders.empty()) {
    const size_t length = strnlen(held.comm, sizeof held.comm);
    told->thread = held.thread;
    told->owners.holders.push_back({held.pid, TicksOf(held.start_time), {held.comm, length}});
  }
  if (held.thread == told->thread) told->owners.holdings.push_back({held.inode, 0, held.descriptor});
}

}  // namespace

Owners OwnersByBpf(const std::function<bool(uint32_t inode)>& is_wanted,
                   const std::function<bool()>& is_cancelled) {
  std::map<uint32_t, Told> processes;
  ListHeldSockets([&](const HeldSocket& held) {
    if (is_wanted(held.inode)) Add(held, &processes[held.pid]);
    return !is_cancelled();
  });
  Owners owners;
  for (auto& process : processes) Append(std::move(process.second.owners), &owners);
  SortByInode(&owners.holdings);
  owners.by_bpf = true;
  return owners;
}

}  // namespace sockdiag
