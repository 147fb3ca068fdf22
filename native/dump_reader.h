// Reads dumps, one batch of datagrams at a time, on whatever thread it is called from.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "message_walker.h"
#include "netlink_socket.h"

namespace sockdiag {

// One dump to ask for. Several are read one behind the other, through the same socket; the first is sent with
// the sequence number 1, and each with one more than the last.
struct Request {
  uint16_t type;           // nlmsg_type of the request and of its records
  uint16_t header_length;  // bytes of the fixed structure that a record starts with
  uint8_t family;          // first byte of that structure; 0 if it may be any
  std::vector<Nest> nests;
  bool oversize;  // a datagram may be larger than a usual receive
  std::vector<uint8_t> payload;
};

// Why a dump ended before its end.
struct Failure {
  enum class Kind { kNone, kSystem, kKernel, kReply };

  Kind kind = Kind::kNone;
  const char* syscall = "";    // kSystem
  int error = 0;               // kSystem, kKernel: the errno
  bool in_done = false;        // kKernel: it came in NLMSG_DONE, not in NLMSG_ERROR
  std::string text;            // kKernel: the kernel's extended message, or nothing
  Fault fault = Fault::kNone;  // kReply
  size_t fault_offset = 0;     // kReply: from the start of the datagram
  size_t request = 0;          // which of the requests it was
};

// What one call to Fill brings: datagrams, one behind the other, and the index of their records.
// Its memory comes with the first call, and is used again by the next.
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

 private:
  friend class DumpReader;

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
};

class DumpReader {
 public:
  // `netns` is the file of a network namespace, or empty for the caller's own.
  DumpReader(std::vector<Request> requests, std::string netns)
      : requests_(std::move(requests)), netns_(std::move(netns)) {}

  // Receives the next part of the dump. Opens the socket the first time, and closes it when the dump has
  // ended in whatever way; then the batch is finished. One call at a time.
  void Fill(Batch& batch);

  // Makes a Fill that is running end after the datagram that it is at. From any thread.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  // Gives the socket back before the end. Not while a Fill is running.
  void Close() { socket_.reset(); }

 private:
  void Open();
  void SendRequest();
  size_t RoomForNext() const;
  void ReceiveInto(Batch& batch, size_t room);
  bool IsOver(const Batch& batch) const;

  std::vector<Request> requests_;
  std::string netns_;
  std::unique_ptr<NetlinkSocket> socket_;
  size_t current_ = 0;
  Expectation expectation_;
  std::atomic<bool> cancelled_{false};
};

// What a system call that failed means for the dump that it was made for.
Failure SystemFailure(const SystemError& error, size_t request);

// What walking one datagram means for the dump that it belongs to; kNone where it means no failure.
Failure FailureOf(const Walk& walk, size_t request);

}  // namespace sockdiag
