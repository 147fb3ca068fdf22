// Checks one datagram of a sock_diag reply and finds the messages and attributes in it.
//
// Pure: bytes in, an index out; no system call, no allocation, no Node-API. Everything that the kernel, or
// somebody who claims to be the kernel, can get wrong in the framing is found here, so that whoever
// reads through the index never has to check an offset again. What the bytes inside mean is not known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sockdiag {

struct Datagram {
  const uint8_t* data;
  size_t size;
  uint32_t sender;  // the port id it came from; the kernel's is 0
  bool truncated;   // it was larger than the buffer it was received into
};

// An attribute that holds others though it does not say so: few of sock_diag's set NLA_F_NESTED.
struct Nest {
  static constexpr uint16_t kTop = 0xffff;

  uint16_t parent;  // the attribute that it is in, or kTop for the record
  uint16_t number;
};

// What was asked, and so what a reply to it must look like.
struct Expectation {
  uint32_t sequence = 0;
  uint32_t port_id = 0;
  uint16_t type = 0;           // nlmsg_type of its records
  uint16_t header_length = 0;  // bytes of the fixed structure that a record starts with
  uint8_t family = 0;          // first byte of that structure; 0 if it may be any
  bool acknowledged = false;   // NLM_F_ACK was set
  std::vector<Nest> nests;     // what is checked to the bottom beside those with NLA_F_NESTED
};

enum class Outcome {
  kMore,          // records, and more datagrams to come
  kDone,          // the end of the dump, with all that belongs to it
  kAcknowledged,  // the request was carried out
  kRefused,       // the kernel answered with an error
  kFault,         // this is not a reply that the kernel would make
};

enum class Fault {
  kNone,
  kTruncated,
  kForeignSender,
  kEmptyDatagram,
  kShortHeader,
  kBadLength,
  kMissingPadding,
  kDirtyPadding,
  kWrongPortId,
  kWrongSequence,
  kInterrupted,
  kUnexpectedType,
  kUnexpectedAcknowledgement,
  kBadStatus,
  kDataAfterEnd,
  kShortRecord,
  kWrongFamily,
  kShortAttribute,
  kLongAttribute,
  kDeepNesting,
  kIndexFull,
  kNoAnswer,  // of one question; no walk says so
};

// In words, to stand behind "the reply has ".
const char* Describe(Fault fault);

struct Walk {
  Outcome outcome = Outcome::kMore;
  Fault fault = Fault::kNone;
  size_t fault_offset = 0;     // from the start of the datagram
  int error = 0;               // kRefused: the errno, positive
  bool in_done = false;        // kRefused: it came in NLMSG_DONE, not in NLMSG_ERROR
  const char* text = nullptr;  // kRefused: the kernel's extended message, if any; inside the datagram
  size_t text_size = 0;
};

// For each record one row of words: the record's offset, the number of its attributes, and the offset of
// each attribute. Offsets count from wherever the datagram's own start is said to be.
class Index {
 public:
  Index(uint32_t* words, size_t capacity) : words_(words), capacity_(capacity) {}

  // A datagram of n bytes never needs more.
  static constexpr size_t WordsFor(size_t bytes) { return bytes / sizeof(uint32_t); }

  size_t size() const { return size_; }
  size_t records() const { return records_; }

  void Clear() { size_ = records_ = 0; }

  // Forgets what was added since `size` and `records` were read.
  void Rewind(size_t size, size_t records) {
    size_ = size;
    records_ = records;
  }

  bool AddRecord(size_t offset) {
    if (capacity_ - size_ < 2) return false;
    words_[size_] = static_cast<uint32_t>(offset);
    words_[size_ + 1] = 0;
    row_ = size_;
    size_ += 2;
    ++records_;
    return true;
  }

  bool AddAttribute(size_t offset) {
    if (size_ == capacity_) return false;
    words_[size_++] = static_cast<uint32_t>(offset);
    ++words_[row_ + 1];
    return true;
  }

 private:
  uint32_t* words_;
  size_t capacity_;
  size_t size_ = 0;
  size_t records_ = 0;
  size_t row_ = 0;
};

// Adds the datagram's records to the index; of a datagram with a fault, none. `base` is the datagram's
// own offset in whatever buffer the index is for.
Walk WalkDatagram(const Datagram& datagram, const Expectation& expectation, size_t base, Index& index);

}  // namespace sockdiag
