// The event queue's own tests: one line for each promise, a random search beside a model of it, and two
// threads. Built with sanitizers and run by test/native.test.ts.
#include "event_queue.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

namespace {

using sockdiag::Datagram;
using sockdiag::EventQueue;
using sockdiag::Events;
using sockdiag::Failure;
using sockdiag::Index;

// A datagram with one record, which is a number, at offset 4, and an attribute, at offset 8.
void Add(EventQueue& queue, uint32_t number, size_t size = 12) {
  std::vector<uint8_t> bytes(size);
  std::memcpy(bytes.data() + 4, &number, sizeof number);
  uint32_t words[3];
  Index index(words, 3);
  index.AddRecord(4);
  index.AddAttribute(8);
  queue.Add(Datagram{bytes.data(), bytes.size(), 0, false}, words, index);
}

// The numbers of the records; and whether each attribute lies four bytes behind its record.
std::vector<uint32_t> NumbersIn(const Events& events) {
  std::vector<uint32_t> numbers;
  for (size_t row = 0; row < events.words.size(); row += 3) {
    uint32_t number = 0;
    std::memcpy(&number, events.bytes.data() + events.words[row], sizeof number);
    numbers.push_back(number);
    if (events.words[row + 1] != 1 || events.words[row + 2] != events.words[row] + 4)
      Check(false, "an attribute lies where it was");
  }
  if (numbers.size() != events.records) Check(false, "records are counted");
  return numbers;
}

void TestOrder() {
  EventQueue queue(4, [] {});
  Check(queue.Take() == nullptr, "at first there is nothing");
  for (uint32_t i = 0; i < 3; ++i) Add(queue, i);
  const auto events = queue.Take();
  Check(NumbersIn(*events) == std::vector<uint32_t>{0, 1, 2}, "what came together is taken together");
  Check(!events->loss.IsAny(), "nothing was lost");
  Check(queue.Take() == nullptr, "nothing is taken twice");
}

void TestLoss() {
  EventQueue queue(2, [] {});
  for (uint32_t i = 0; i < 7; ++i) Add(queue, i);
  auto events = queue.Take();
  Check(NumbersIn(*events) == std::vector<uint32_t>{0, 1} && !events->loss.IsAny(), "the oldest are kept");
  Add(queue, 7);
  events = queue.Take();
  Check(events->loss.dropped == 5 && NumbersIn(*events) == std::vector<uint32_t>{7},
        "a loss stands before what follows");
  for (uint32_t i = 0; i < 3; ++i) Add(queue, i);
  queue.AddOverrun(4);
  queue.AddOverrun(5);
  queue.Take();
  events = queue.Take();
  Check(events != nullptr && events->records == 0 && events->loss.dropped == 1,
        "a loss is told though nothing follows");
  Check(events->loss.overrun && events->loss.overrun_size == 9, "overruns at one place are one");
  Check(!events->loss.uncounted, "what was counted is known");
  Check(queue.Take() == nullptr, "a loss is told once");
  queue.AddOverrun(4);
  queue.AddOverrun(0);
  events = queue.Take();
  Check(events->loss.overrun_size == 4 && !events->loss.uncounted, "what was told before adds nothing");
  queue.AddOverrun(4);
  queue.AddOverrun(std::nullopt);
  events = queue.Take();
  Check(events->loss.overrun && events->loss.uncounted, "what is not known in part is not known");
}

void TestFailure() {
  EventQueue queue(2, [] {});
  Add(queue, 1);
  Failure failure;
  failure.kind = Failure::Kind::kSystem;
  failure.error = 12;
  queue.Fail(failure);
  const auto events = queue.Take();
  Check(NumbersIn(*events) == std::vector<uint32_t>{1}, "a failure comes behind what was there");
  Check(events->failure.kind == Failure::Kind::kSystem && events->failure.error == 12, "a failure is told");
}

void TestNotice() {
  int notices = 0;
  EventQueue queue(2, [&] { ++notices; });
  Add(queue, 1);
  Check(notices == 0, "nobody is told who did not ask");
  queue.Take();
  queue.Take();
  for (uint32_t i = 0; i < 5; ++i) Add(queue, i);
  Check(notices == 1, "who found nothing is told once");
  queue.Take();
  queue.Take();
  queue.Take();
  queue.AddOverrun(1);
  Check(notices == 2, "of a loss as well");
}

void TestSize() {
  EventQueue queue(100000, [] {});
  for (uint32_t i = 0; i < 1000; ++i) Add(queue, i, 1000);
  size_t largest = 0;
  size_t records = 0;
  for (auto events = queue.Take(); events != nullptr; events = queue.Take()) {
    largest = std::max(largest, events->bytes.size());
    records += events->records;
  }
  Check(records == 1000 && largest <= (1 << 16) + 1000, "what is taken at once is not much");
}

// Whatever happens, each number is given, in its order, or counted where it is missing.
void TestRandomly(unsigned seed, int rounds) {
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    const size_t capacity = 1 + random() % 8;
    EventQueue queue(capacity, [] {});
    uint32_t made = 0;
    uint32_t next = 0;
    size_t waiting = 0;
    bool right = true;
    const auto take = [&] {
      const auto events = queue.Take();
      if (events == nullptr) return false;
      next += static_cast<uint32_t>(events->loss.dropped);
      for (const uint32_t number : NumbersIn(*events)) right = right && number == next++;
      waiting -= events->records;
      return true;
    };
    for (int step = 0; step < 40; ++step) {
      if (random() % 3 != 0) {
        if (waiting < capacity) ++waiting;
        Add(queue, made++, random() % 50 == 0 ? 1 << 16 : 12);
      } else {
        take();
      }
    }
    while (take()) continue;
    if (!right || next != made || waiting != 0) Check(false, "each is given or counted, in order");
  }
  Check(true, "random steps");
}

void TestThreads() {
  constexpr uint32_t kNumbers = 200000;
  std::atomic<int> notices{0};
  EventQueue queue(1000, [&] { ++notices; });
  std::thread receiver([&] {
    for (uint32_t i = 0; i < kNumbers; ++i) Add(queue, i);
  });
  uint32_t next = 0;
  bool right = true;
  while (next < kNumbers) {
    const auto events = queue.Take();
    if (events == nullptr) {
      std::this_thread::yield();
      continue;
    }
    next += static_cast<uint32_t>(events->loss.dropped);
    for (const uint32_t number : NumbersIn(*events)) right = right && number == next++;
  }
  receiver.join();
  Check(right && next == kNumbers, "two threads lose nothing that is not counted");
}

}  // namespace

int main() {
  TestOrder();
  TestLoss();
  TestFailure();
  TestNotice();
  TestSize();
  TestRandomly(20261125, 20000);
  TestThreads();
  return Report();
}
