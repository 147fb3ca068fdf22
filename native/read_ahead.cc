#include "read_ahead.h"

#include <cerrno>
#include <new>

namespace sockdiag {
namespace {

// A batch is no larger than this, since decoding one holds the event loop.
constexpr size_t kDatagrams = 4;

// So many filled batches may wait: one to be decoded next, and some that make up for slow moments, such as a
// garbage collection.
constexpr size_t kAhead = 6;

}  // namespace

ReadAhead::ReadAhead(std::unique_ptr<BatchReader> reader) : reader_(std::move(reader)) {
  // So that to keep a batch never takes memory: beside those that wait, one is filled, and one decoded.
  filled_.reserve(kAhead);
  spare_.reserve(kAhead + 2);
}

bool ReadAhead::ShouldRun() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (running_ || IsEnough()) return false;
  running_ = true;
  return true;
}

void ReadAhead::CannotRun() {
  const std::lock_guard<std::mutex> lock(mutex_);
  running_ = false;
}

bool ReadAhead::IsFinished() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return finished_;
}

bool ReadAhead::IsEnough() const { return finished_ || filled_.size() >= kAhead; }

Failure ReadAhead::Want() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!std::exchange(starved_, false)) return {};
  return FailureOf(SystemError{"malloc", ENOMEM}, 0);
}

void ReadAhead::Run(const std::function<void()>& notify) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!IsEnough()) {
    auto batch = Spare();
    if (batch == nullptr) break;
    lock.unlock();
    reader_->Fill(*batch);
    lock.lock();
    if (stopped_) break;
    finished_ = batch->finished();
    filled_.push_back(std::move(batch));
    lock.unlock();
    notify();
    lock.lock();
  }
  running_ = false;
}

std::unique_ptr<Batch> ReadAhead::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (filled_.empty()) return nullptr;
  auto batch = std::move(filled_.front());
  filled_.erase(filled_.begin());
  return batch;
}

std::unique_ptr<Batch> ReadAhead::FillNow() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (finished_) return nullptr;
  auto batch = Spare();
  if (batch == nullptr) return nullptr;
  reader_->Fill(*batch);
  finished_ = batch->finished();
  return batch;
}

void ReadAhead::GiveBack(std::unique_ptr<Batch> batch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!stopped_) spare_.push_back(std::move(batch));
}

void ReadAhead::Stop() {
  reader_->Cancel();
  const std::lock_guard<std::mutex> lock(mutex_);
  finished_ = stopped_ = true;
  filled_.clear();
  spare_.clear();
}

std::unique_ptr<Batch> ReadAhead::Spare() {
  if (spare_.empty()) {
    std::unique_ptr<Batch> made(new (std::nothrow) Batch(kDatagrams));
    if (made == nullptr) starved_ = finished_ = true;
    return made;
  }
  auto batch = std::move(spare_.back());
  spare_.pop_back();
  return batch;
}

}  // namespace sockdiag
