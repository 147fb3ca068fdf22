#include "batch.h"

namespace sockdiag {

void Batch::Prepare() {
  used_ = 0;
  finished_ = false;
  failure_ = Failure{};
  netns_ = 0;
  file_.reset();
  index_.Clear();
  // What one huge datagram took is not kept.
  if (capacity_ != least_capacity_) Allocate(least_capacity_);
}

bool Batch::MakeRoom(size_t size) {
  if (capacity_ - used_ >= size) return true;
  if (used_ > 0) return false;
  // untested: BPF storages of more than 128 KiB
  Allocate(size);
  return true;
}

void Batch::Allocate(size_t capacity) {
  const size_t words = Index::WordsFor(capacity);
  bytes_.reset(new uint8_t[capacity]);
  words_.reset(new uint32_t[words]);
  index_ = Index(words_.get(), words);
  capacity_ = capacity;
}

}  // namespace sockdiag
