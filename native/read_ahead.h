// Batches on their way from the thread that receives them to the one that decodes them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "batch.h"

namespace sockdiag {

// The receiving thread runs on its own from batch to batch, as long as no more than a few wait to be taken:
// to start it anew for each would cost more than some of them take to be filled.
class ReadAhead {
 public:
  explicit ReadAhead(std::unique_ptr<BatchReader> reader);

  // On the thread that decodes: whether Run must be called, on another thread; the answer true is given once,
  // until that Run has ended.
  bool ShouldRun();

  // In its place, where there is no thread for it.
  void CannotRun();

  // Behind the last batch: what there was a want of to read on, told once; or no failure.
  Failure Want();

  // Whether nothing is left to be read, though batches may be left to be taken.
  bool IsFinished();

  // On the thread that receives: fills batches until enough of them wait, or nothing is left to be read, and
  // calls `notify` after each.
  void Run(const std::function<void()>& notify);

  // On the thread that decodes, without waiting: the oldest batch that is filled, or none.
  std::unique_ptr<Batch> Take();

  // On the thread that decodes, while Run is not running: the next batch, filled then and there.
  std::unique_ptr<Batch> FillNow();

  // Takes a batch back, for its memory to be used again.
  void GiveBack(std::unique_ptr<Batch> batch);

  // No batch will come after the one that was taken last, and the memory of all others is given back. Run
  // ends soon, if it runs.
  void Stop();

  // Gives back what the reader has open. Not while Run is running.
  void Close() { reader_->Close(); }

 private:
  bool IsEnough() const;

  // None if there is no memory for it, and then there is nothing more to come.
  std::unique_ptr<Batch> Spare();

  const std::unique_ptr<BatchReader> reader_;
  std::mutex mutex_;  // of all that follows
  std::vector<std::unique_ptr<Batch>> filled_;
  std::vector<std::unique_ptr<Batch>> spare_;
  bool running_ = false;
  bool finished_ = false;
  bool stopped_ = false;
  bool starved_ = false;
};

}  // namespace sockdiag
