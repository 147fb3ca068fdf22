// What message_walker.h promises of a datagram, put down once more as plainly as can be, and slowly: the
// walker is compared with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "message_walker.h"
#include "promise.h"

namespace fuzz {

// Some of the bytes. Whoever asks for others has a mistake of his own.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  size_t size() const { return size_; }
  const uint8_t* data() const { return data_; }

  template <typename T>
  T At(size_t offset) const {
    Require(offset <= size_ && sizeof(T) <= size_ - offset, "the model reads inside");
    T value;
    std::memcpy(&value, data_ + offset, sizeof value);
    return value;
  }

  Bytes Part(size_t offset, size_t size) const {
    Require(offset <= size_ && size <= size_ - offset, "the model looks inside");
    return {data_ + offset, size};
  }

  Bytes Behind(size_t offset) const { return Part(offset, size_ - offset); }

 private:
  const uint8_t* data_;
  size_t size_;
};

class ReplyModel {
 public:
  // Forgets what it has read before.
  void Read(const sockdiag::Datagram& datagram, const sockdiag::Expectation& expectation) {
    expectation_ = &expectation;
    all_ = Bytes(datagram.data, datagram.size);
    fault_ = sockdiag::Fault::kNone;
    fault_offset_ = 0;
    outcome_ = sockdiag::Outcome::kMore;
    error_ = 0;
    in_done_ = false;
    words_.clear();
    if (datagram.sender != 0)
      Fail(Fault::kForeignSender, all_);
    else if (datagram.truncated)
      Fail(Fault::kTruncated, all_.Behind(all_.size()));
    else if (datagram.size == 0)
      Fail(Fault::kEmptyDatagram, all_);
    else
      HasMessages();
  }

  // The first thing that the kernel would not do, and where. If there is one, nothing else here means
  // anything.
  sockdiag::Fault fault() const { return fault_; }
  size_t fault_offset() const { return fault_offset_; }

  sockdiag::Outcome outcome() const { return outcome_; }
  int error() const { return error_; }
  bool in_done() const { return in_done_; }

  // The index, with offsets from the start of the datagram.
  const std::vector<uint32_t>& words() const { return words_; }

 private:
  using Fault = sockdiag::Fault;
  using Outcome = sockdiag::Outcome;

  static constexpr size_t kHeader = 16;

  static size_t Up(size_t size) { return (size + 3) / 4 * 4; }

  // Answers false, for whoever has found it to answer likewise.
  bool Fail(Fault fault, const Bytes& where) {
    fault_ = fault;
    fault_offset_ = static_cast<size_t>(where.data() - all_.data());
    return false;
  }

  // All up to the next multiple of four is there, and zero.
  bool IsPadded(const Bytes& bytes, size_t length) {
    if (Up(length) > bytes.size()) return Fail(Fault::kMissingPadding, bytes);
    for (size_t at = length; at < Up(length); ++at)
      if (bytes.At<uint8_t>(at) != 0) return Fail(Fault::kDirtyPadding, bytes);
    return true;
  }

  bool HasMessages() {
    size_t at = 0;
    while (at < all_.size()) {
      const Bytes left = all_.Behind(at);
      if (outcome_ != Outcome::kMore) return Fail(Fault::kDataAfterEnd, left);
      if (left.size() < kHeader) return Fail(Fault::kShortHeader, left);
      const size_t length = left.At<uint32_t>(0);
      if (length < kHeader || length > left.size()) return Fail(Fault::kBadLength, left);
      if (!IsPadded(left, length) || !IsMessage(left.Part(0, length))) return false;
      at += Up(length);
    }
    return true;
  }

  bool IsMessage(const Bytes& message) {
    const auto type = message.At<uint16_t>(4);
    const bool is_interrupted = (message.At<uint16_t>(6) & 0x10) != 0;
    if (message.At<uint32_t>(12) != expectation_->port_id) return Fail(Fault::kWrongPortId, message);
    if (message.At<uint32_t>(8) != expectation_->sequence) return Fail(Fault::kWrongSequence, message);
    if (type != 2 && is_interrupted) return Fail(Fault::kInterrupted, message);
    if (type == expectation_->type) return IsRecord(message);
    if (type == 3) return IsDone(message);
    if (type == 2) return IsError(message);
    return type == 1 || Fail(Fault::kUnexpectedType, message);
  }

  bool IsRecord(const Bytes& message) {
    const Bytes record = message.Behind(kHeader);
    const size_t structure = expectation_->header_length;
    const uint8_t family = expectation_->family;
    if (record.size() < structure) return Fail(Fault::kShortRecord, message);
    if (family != 0 && (record.size() == 0 || record.At<uint8_t>(0) != family))
      return Fail(Fault::kWrongFamily, message);
    const size_t row = words_.size();
    words_.push_back(static_cast<uint32_t>(record.data() - all_.data()));
    words_.push_back(0);
    if (Up(structure) >= record.size()) return true;
    if (!HasAttributes(record.Behind(Up(structure)), sockdiag::Nest::kTop, 0)) return false;
    for (size_t at = Up(structure); at < record.size(); at += Up(record.At<uint16_t>(at))) {
      words_.push_back(words_[row] + static_cast<uint32_t>(at));
      ++words_[row + 1];
    }
    return true;
  }

  bool IsDone(const Bytes& message) {
    if (!HasStatus(message)) return false;
    outcome_ = error_ == 0 ? Outcome::kDone : Outcome::kRefused;
    in_done_ = error_ != 0;
    return error_ == 0 || !IsExtended(message) || HasExtended(message.Behind(kHeader + 4));
  }

  bool IsError(const Bytes& message) {
    if (message.size() < kHeader + 4 + kHeader) return Fail(Fault::kBadLength, message);
    if (!HasStatus(message)) return false;
    outcome_ = error_ == 0 ? Outcome::kAcknowledged : Outcome::kRefused;
    if (error_ == 0) return expectation_->acknowledged || Fail(Fault::kUnexpectedAcknowledgement, message);
    if (!IsExtended(message)) return true;
    const Bytes behind = message.Behind(kHeader + 4);
    const bool is_capped = (message.At<uint16_t>(6) & 0x100) != 0;
    const size_t quote = is_capped ? kHeader : Up(behind.At<uint32_t>(0));
    if (quote < kHeader || quote > behind.size()) return Fail(Fault::kBadLength, message);
    return HasExtended(behind.Behind(quote));
  }

  static bool IsExtended(const Bytes& message) { return (message.At<uint16_t>(6) & 0x200) != 0; }

  bool HasExtended(const Bytes& bytes) { return HasAttributes(bytes, sockdiag::Nest::kTop, 0); }

  bool HasStatus(const Bytes& message) {
    if (message.size() < kHeader + 4) return Fail(Fault::kBadLength, message);
    const auto status = message.At<int32_t>(kHeader);
    if (status > 0 || status < -4095) return Fail(Fault::kBadStatus, message);
    error_ = -status;
    return true;
  }

  // No deeper than eight of them in one another.
  bool HasAttributes(const Bytes& bytes, uint16_t parent, int depth) {
    if (depth > 8) return Fail(Fault::kDeepNesting, bytes);
    size_t at = 0;
    while (at < bytes.size()) {
      const Bytes left = bytes.Behind(at);
      if (left.size() < 4) return Fail(Fault::kShortAttribute, left);
      const size_t length = left.At<uint16_t>(0);
      const auto type = left.At<uint16_t>(2);
      if (length < 4) return Fail(Fault::kShortAttribute, left);
      if (length > left.size()) return Fail(Fault::kLongAttribute, left);
      if (!IsPadded(left, length)) return false;
      const auto number = static_cast<uint16_t>(type & 0x3fff);
      const bool is_nest = (type & 0x8000) != 0 || IsNest(parent, number);
      if (is_nest && !HasAttributes(left.Part(4, length - 4), number, depth + 1)) return false;
      at += Up(length);
    }
    return true;
  }

  bool IsNest(uint16_t parent, uint16_t number) const {
    bool is_nest = false;
    for (const auto& nest : expectation_->nests)
      is_nest = is_nest || (nest.parent == parent && nest.number == number);
    return is_nest;
  }

  const sockdiag::Expectation* expectation_ = nullptr;
  Bytes all_{nullptr, 0};
  Fault fault_ = Fault::kNone;
  size_t fault_offset_ = 0;
  Outcome outcome_ = Outcome::kMore;
  int error_ = 0;
  bool in_done_ = false;
  std::vector<uint32_t> words_;
};

}  // namespace fuzz
