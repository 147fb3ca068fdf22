// Events on their way from the thread that receives them to the one that decodes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "dump_reader.h"

namespace sockdiag {

// What was lost at one place of the stream.
struct Loss {
  uint64_t dropped = 0;       // so many, for want of room in the queue
  bool overrun = false;       // some, for want of room in the kernel
  uint64_t overrun_size = 0;  // how many these were
  bool uncounted = false;     // there were more of these than the kernel has told

  bool IsAny() const { return dropped > 0 || overrun; }
};

// Datagrams, one behind the other, and the index of their records.
struct Events {
  Loss loss;  // before them
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> words;
  size_t records = 0;
  Failure failure;  // behind them: then nothing more will come
};

// It holds so many records and no more. What comes while it is full is counted and thrown away.
class EventQueue {
 public:
  // `notify` is called on the thread that receives.
  EventQueue(size_t capacity, std::function<void()> notify)
      : capacity_(capacity), notify_(std::move(notify)), last_(std::make_unique<Events>()) {}

  // On the thread that receives: the records of one datagram, whose offsets count from its start.
  void Add(const Datagram& datagram, const uint32_t* words, const Index& index);

  // On the thread that receives: here the kernel lost some, and so many that were not told of before; none if
  // it does not tell.
  void AddOverrun(std::optional<uint64_t> size);

  // On the thread that receives: nothing more will come.
  void Fail(const Failure& failure);

  // On the thread that decodes, without waiting: the oldest events, or none; then there is one call of
  // `notify` as soon as there are some.
  std::unique_ptr<Events> Take();

 private:
  void Append(const Datagram& datagram, const uint32_t* words, const Index& index);
  Events& Open();
  std::unique_ptr<Events> TakeFirst();
  std::unique_ptr<Events> TakeRest();
  void Tell(std::unique_lock<std::mutex>& lock);

  const size_t capacity_;
  const std::function<void()> notify_;
  std::mutex mutex_;  // of all that follows
  std::vector<std::unique_ptr<Events>> filled_;
  size_t waiting_ = 0;  // records in them
  Loss loss_;           // behind them
  Failure failure_;     // behind that
  std::unique_ptr<Events> last_;
  bool awaited_ = false;
};

}  // namespace sockdiag
