// The queue of events, in any order of steps, beside a model of it: a list of what came and of what was lost
// between. The first byte of an input is the queue's capacity, each other one a step.
#include "event_queue.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "promise.h"

namespace {

using fuzz::Require;
using sockdiag::Datagram;
using sockdiag::EventQueue;
using sockdiag::Events;
using sockdiag::Failure;
using sockdiag::Index;
using sockdiag::Loss;

// A record, and what was lost before it.
struct Entry {
  Loss loss;
  uint32_t number;
};

class Trial {
 public:
  explicit Trial(size_t capacity) : capacity_(capacity), queue_(capacity, [this] { ++notices_; }) {}

  // A datagram of some records, each a number with an attribute behind it.
  void Add(uint32_t records, size_t padding) {
    std::vector<uint8_t> bytes(kRecordSize * records + padding);
    std::vector<uint32_t> words(Index::WordsFor(bytes.size()));
    Index index(words.data(), words.size());
    for (uint32_t i = 0; i < records; ++i) {
      const uint32_t number = made_ + i;
      std::memcpy(bytes.data() + i * kRecordSize, &number, sizeof number);
      index.AddRecord(i * kRecordSize);
      index.AddAttribute(i * kRecordSize + 4);
    }
    queue_.Add(Datagram{bytes.data(), bytes.size(), 0, false}, words.data(), index);
    if (records == 0) return CheckNotice(false);
    if (records > capacity_ - waiting_.size()) {
      lost_.dropped += records;
    } else {
      for (uint32_t i = 0; i < records; ++i) {
        waiting_.push_back({lost_, made_ + i});
        lost_ = Loss{};
      }
    }
    made_ += records;
    CheckNotice(true);
  }

  void Overrun(std::optional<uint64_t> size) {
    queue_.AddOverrun(size);
    lost_.overrun = true;
    lost_.overrun_size += size.value_or(0);
    lost_.uncounted = lost_.uncounted || !size;
    CheckNotice(true);
  }

  void Fail() {
    Failure failure;
    failure.kind = Failure::Kind::kSystem;
    queue_.Fail(failure);
    has_failed_ = true;
    CheckNotice(true);
  }

  bool Take() {
    const auto events = queue_.Take();
    if (events == nullptr) {
      Require(waiting_.empty() && !lost_.IsAny() && !has_failed_, "there is nothing where nothing is given");
      is_awaited_ = true;
      return false;
    }
    Compare(*events);
    return true;
  }

 private:
  static constexpr size_t kRecordSize = 12;

  void CheckNotice(bool is_due) {
    const int due = is_due && is_awaited_ ? 1 : 0;
    Require(notices_ == due, "who found nothing is told once, and nobody else");
    notices_ = 0;
    if (is_due) is_awaited_ = false;
  }

  static bool AreSame(const Loss& a, const Loss& b) {
    return a.dropped == b.dropped && a.overrun == b.overrun && a.overrun_size == b.overrun_size &&
           a.uncounted == b.uncounted;
  }

  void Compare(const Events& events) {
    const Loss& expected = waiting_.empty() ? lost_ : waiting_.front().loss;
    Require(AreSame(events.loss, expected), "what was lost is told where it was lost");
    if (waiting_.empty()) lost_ = Loss{};
    Require(events.records <= waiting_.size(), "no more comes than was put in");
    Require(events.words.size() == 3 * events.records, "each row is there");
    for (size_t row = 0; row < events.words.size(); row += 3) {
      const Entry entry = waiting_.front();
      waiting_.pop_front();
      Require(row == 0 || !entry.loss.IsAny(), "nothing was lost between what comes together");
      CheckRecord(events, row, entry.number);
    }
    const bool is_failure = events.failure.kind != Failure::Kind::kNone;
    Require(!is_failure || (has_failed_ && waiting_.empty()), "a failure comes behind all else");
    Require(events.records > 0 || events.loss.IsAny() || is_failure, "what is given is not empty");
    if (is_failure) has_failed_ = false;
  }

  static void CheckRecord(const Events& events, size_t row, uint32_t number) {
    Require(events.words[row + 1] == 1 && events.words[row + 2] == events.words[row] + 4, "a row is whole");
    Require(events.words[row] + kRecordSize <= events.bytes.size(), "a record is inside");
    uint32_t found = 0;
    std::memcpy(&found, events.bytes.data() + events.words[row], sizeof found);
    Require(found == number, "the records come in their order");
  }

  const size_t capacity_;
  int notices_ = 0;
  EventQueue queue_;
  std::deque<Entry> waiting_;
  Loss lost_;  // behind them
  uint32_t made_ = 0;
  bool is_awaited_ = false;
  bool has_failed_ = false;
};

void Step(Trial& trial, uint8_t step) {
  static constexpr size_t kPaddings[] = {0, 0, 100, 1 << 16};
  const auto number = static_cast<uint8_t>(step >> 2);
  switch (step & 3) {
    case 0:
      return trial.Add(number % 5, kPaddings[(number / 5) % 4]);
    case 1:
      return trial.Overrun(number % 8 == 7 ? std::nullopt : std::optional<uint64_t>(number % 8));
    default:
      trial.Take();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Trial trial(size_t{1} + data[0] % 16);
  for (size_t i = 1; i < size; ++i) Step(trial, data[i]);
  // Nothing comes behind a failure, and so one input in two has one.
  if (size % 2 == 0) trial.Fail();
  while (trial.Take()) continue;
  return 0;
}
