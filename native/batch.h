// Batches of records, and what fills them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "failure.h"
#include "message_walker.h"
#include "netlink_socket.h"

namespace sockdiag {

// What one call to Fill brings: bytes, such as datagrams one behind the other, and the index of the records
// in them. Its memory comes with the first call, and is used again by the next.
class Batch {
 public:
  // A receive needs its full room, though it may not use all of it.
  explicit Batch(size_t datagrams) : least_capacity_(datagrams * kReceiveSize) {}

  const uint8_t* bytes() const { return bytes_.get(); }
  size_t bytes_size() const { return used_; }
  const uint32_t* words() const { return words_.get(); }
  const Index& index() const { return index_; }

  bool finished() const { return finished_; }
  const Failure& failure() const { return failure_; }

  // The inode number of the network namespace that was asked, if one was named; 0 else.
  uint64_t netns() const { return netns_; }

  // Of text: which of the files it is of, and where it is in that.
  std::optional<uint32_t> file() const { return file_; }
  uint64_t file_offset() const { return file_offset_; }

 private:
  friend class DumpReader;
  friend class TextReader;

  void Prepare();

  // Whether there is room for a datagram of that size. Alone in a batch, any gets its room.
  bool MakeRoom(size_t size);

  void Allocate(size_t capacity);

  const size_t least_capacity_;
  size_t capacity_ = 0;
  std::unique_ptr<uint8_t[]> bytes_;
  std::unique_ptr<uint32_t[]> words_;
  Index index_{nullptr, 0};
  size_t used_ = 0;
  bool finished_ = false;
  Failure failure_;
  uint64_t netns_ = 0;
  std::optional<uint32_t> file_;
  uint64_t file_offset_ = 0;
};

// Reads records, one batch at a time, on whatever thread it is called from.
class BatchReader {
 public:
  virtual ~BatchReader() = default;

  // Reads the next part. When nothing is left, the batch is finished. One call at a time.
  virtual void Fill(Batch& batch) = 0;

  // Makes a Fill that is running end soon. From any thread.
  virtual void Cancel() = 0;

  // Gives back what is open, before the end. Not while a Fill is running.
  virtual void Close() = 0;
};

}  // namespace sockdiag
