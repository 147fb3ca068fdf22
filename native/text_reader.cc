#include "text_reader.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>

#include "line_walker.h"

namespace sockdiag {
namespace {

// How much is read for a batch. No record may be longer.
constexpr size_t kPieceSize = 1 << 17;

Failure FileFailure(const SystemError& error, size_t file) {
  Failure failure = FailureOf(error, file);
  failure.kind = Failure::Kind::kFile;
  return failure;
}

size_t Read(int descriptor, uint8_t* into, size_t room) {
  ssize_t size = 0;
  do {
    size = read(descriptor, into, room);
  } while (size < 0 && errno == EINTR);
  if (size < 0) throw SystemError{"read", errno};
  return static_cast<size_t>(size);
}

}  // namespace

void TextReader::Fill(Batch& batch) {
  try {
    batch.Prepare();
    if (!is_open_) Open();
    batch.netns_ = inode_;
    while (!IsOver() && !FillFromCurrent(batch)) continue;
  } catch (const Failure& failure) {
    batch.failure_ = failure;
  } catch (const std::bad_alloc&) {
    batch.failure_ = FailureOf(SystemError{"malloc", ENOMEM}, current_);
  }
  if (batch.index_.records() == 0) batch.used_ = 0;
  batch.finished_ = IsOver() || batch.failure_.kind != Failure::Kind::kNone;
  if (batch.finished_) Close();
}

bool TextReader::IsOver() const {
  return current_ == question_.files.size() || cancelled_.load(std::memory_order_relaxed);
}

void TextReader::Open() {
  // What fails inside must not be taken for a failure to get there.
  std::optional<Failure> failure;
  const auto open = [&] {
    try {
      OpenHere();
    } catch (const SystemError& error) {
      failure = FileFailure(error, files_.size());
    }
  };
  try {
    if (netns_.path.empty())
      open();
    else
      inode_ = RunInside(netns_, open);
  } catch (const SystemError& error) {
    throw FailureOf(error, 0);
  }
  if (failure) throw Failure(*failure);
  is_open_ = true;
}

void TextReader::OpenHere() {
  for (const TextFile& file : question_.files) {
    try {
      // Without O_NONBLOCK, a FIFO would be waited for until somebody writes to it.
      files_.push_back(
          std::make_unique<Descriptor>(AT_FDCWD, file.path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
    } catch (const SystemError& error) {
      if (!file.optional || error.error != ENOENT) throw;
      files_.push_back(nullptr);
    }
  }
}

// Whether the batch has something to give out.
bool TextReader::FillFromCurrent(Batch& batch) {
  const size_t file = current_;
  const bool is_first = !is_begun_;
  if (files_[file] != nullptr) {
    try {
      ReadInto(batch);
    } catch (const SystemError& error) {
      throw FileFailure(error, file);
    }
    batch.file_ = static_cast<uint32_t>(file);
    batch.file_offset_ = offset_;
    TakeRecords(batch);
  }
  const bool has_more = files_[file] != nullptr && (!is_read_ || !rest_.empty());
  is_begun_ = has_more;
  if (!has_more) {
    is_read_ = false;
    offset_ = 0;
    ++current_;
  }
  return batch.index_.records() > 0 || (is_first && files_[file] != nullptr);
}

// What is left of the last piece, and what can be read behind it.
void TextReader::ReadInto(Batch& batch) {
  batch.MakeRoom(kPieceSize);
  std::copy(rest_.begin(), rest_.end(), batch.bytes_.get());
  batch.used_ = rest_.size();
  while (!is_read_ && batch.used_ < kPieceSize && !IsOver()) {
    const size_t size = Read(*files_[current_], batch.bytes_.get() + batch.used_, kPieceSize - batch.used_);
    batch.used_ += size;
    is_read_ = size == 0;
  }
}

void TextReader::TakeRecords(Batch& batch) {
  const Text text{batch.bytes_.get(), batch.used_, !is_begun_, is_read_};
  const size_t taken = WalkLines(text, question_.start, batch.index_);
  if (taken == 0 && batch.used_ == kPieceSize) throw FileFailure({"read", EMSGSIZE}, current_);
  rest_.assign(text.bytes + taken, text.bytes + text.size);
  batch.used_ = taken;
  offset_ += taken;
  // The index is of words, and stands behind.
  while (batch.used_ % sizeof(uint32_t) != 0) batch.bytes_[batch.used_++] = 0;
}

}  // namespace sockdiag
