#include "event_queue.h"

#include <new>

namespace sockdiag {
namespace {

// What is taken at once is no larger than this, since decoding it holds the event loop. Bytes.
constexpr size_t kEnough = 1 << 16;

// Puts the rows of an index behind others, for a datagram that starts at `base`.
void AddRows(std::vector<uint32_t>& words, const uint32_t* rows, size_t size, uint32_t base) {
  for (size_t row = 0; row < size;) {
    const uint32_t attributes = rows[row + 1];
    words.push_back(rows[row] + base);
    words.push_back(attributes);
    for (size_t i = row + 2; i < row + 2 + attributes; ++i) words.push_back(rows[i] + base);
    row += 2 + attributes;
  }
}

}  // namespace

void EventQueue::Add(const Datagram& datagram, const uint32_t* words, const Index& index) {
  if (index.records() == 0) return;
  std::unique_lock<std::mutex> lock(mutex_);
  const bool fits = index.records() <= capacity_ - waiting_;
  try {
    if (fits) Append(datagram, words, index);
  } catch (const std::bad_alloc&) {
    loss_.dropped += index.records();
  }
  if (!fits) loss_.dropped += index.records();
  Tell(lock);
}

void EventQueue::AddOverrun(std::optional<uint64_t> size) {
  std::unique_lock<std::mutex> lock(mutex_);
  loss_.overrun = true;
  loss_.overrun_size += size.value_or(0);
  loss_.uncounted = loss_.uncounted || !size;
  Tell(lock);
}

void EventQueue::Fail(const Failure& failure) {
  std::unique_lock<std::mutex> lock(mutex_);
  failure_ = failure;
  Tell(lock);
}

std::unique_ptr<Events> EventQueue::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto events = filled_.empty() ? TakeRest() : TakeFirst();
  awaited_ = events == nullptr;
  if (events != nullptr && filled_.empty() && !loss_.IsAny()) events->failure = std::exchange(failure_, {});
  return events;
}

std::unique_ptr<Events> EventQueue::TakeFirst() {
  auto events = std::move(filled_.front());
  filled_.erase(filled_.begin());
  waiting_ -= events->records;
  return events;
}

// What was lost behind all events, and the failure. For the latter there is memory always, since nothing
// comes any more that could tell it later.
std::unique_ptr<Events> EventQueue::TakeRest() {
  const bool has_failed = failure_.kind != Failure::Kind::kNone;
  if (!has_failed && !loss_.IsAny()) return nullptr;
  std::unique_ptr<Events> events = has_failed ? std::move(last_) : nullptr;
  if (events == nullptr) events.reset(new (std::nothrow) Events());
  if (events != nullptr) events->loss = std::exchange(loss_, Loss{});
  return events;
}

void EventQueue::Append(const Datagram& datagram, const uint32_t* words, const Index& index) {
  Events& events = Open();
  // First room for both, so that a failure leaves nothing behind.
  events.words.reserve(events.words.size() + index.size());
  const size_t base = events.bytes.size();
  events.bytes.insert(events.bytes.end(), datagram.data, datagram.data + datagram.size);
  AddRows(events.words, words, index.size(), static_cast<uint32_t>(base));
  events.records += index.records();
  waiting_ += index.records();
}

// The events that one more can be added to: of those that wait the last ones, unless there are enough of
// them, or something was lost behind them.
Events& EventQueue::Open() {
  if (filled_.empty() || filled_.back()->bytes.size() >= kEnough || loss_.IsAny()) {
    filled_.push_back(std::make_unique<Events>());
    filled_.back()->loss = std::exchange(loss_, Loss{});
  }
  return *filled_.back();
}

void EventQueue::Tell(std::unique_lock<std::mutex>& lock) {
  const bool awaited = std::exchange(awaited_, false);
  lock.unlock();
  if (awaited) notify_();
}

}  // namespace sockdiag
