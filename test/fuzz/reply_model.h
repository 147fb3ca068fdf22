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
    outcome_ = sockdiag::Outcome::kMore;
    error_ = 0;
    in_done_ = false;
    words_.clear();
    records_ = 0;
    is_reply_ = datagram.sender == 0 && !datagram.truncated && datagram.size > 0 && HasMessages();
  }

  // Whether it is a reply that the kernel would make. If not, nothing else here means anything.
  bool is_reply() const { return is_reply_; }

  sockdiag::Outcome outcome() const { return outcome_; }
  int error() const { return error_; }
  bool in_done() const { return in_done_; }

  // The index, with offsets from the start of the datagram.
  const std::vector<uint32_t>& words() const { return words_; }
  size_t records() const { return records_; }

 private:
  static constexpr size_t kHeader = 16;

  static size_t Up(size_t size) { return (size + 3) / 4 * 4; }

  // All up to the next multiple of four is there, and zero.
  static bool IsPadded(const Bytes& bytes, size_t length) {
    if (Up(length) > bytes.size()) return false;
    for (size_t at = length; at < Up(length); ++at)
      if (bytes.At<uint8_t>(at) != 0) return false;
    return true;
  }

  bool HasMessages() {
    size_t at = 0;
    while (at < all_.size()) {
      const Bytes left = all_.Behind(at);
      if (outcome_ != sockdiag::Outcome::kMore || left.size() < kHeader) return false;
      const size_t length = left.At<uint32_t>(0);
      if (length < kHeader || length > left.size() || !IsPadded(left, length)) return false;
      if (!IsMessage(left.Part(0, length))) return false;
      at += Up(length);
    }
    return true;
  }

  bool IsMessage(const Bytes& message) {
    const auto type = message.At<uint16_t>(4);
    const auto flags = message.At<uint16_t>(6);
    if (message.At<uint32_t>(8) != expectation_->sequence) return false;
    if (message.At<uint32_t>(12) != expectation_->port_id) return false;
    if (type != 2 && (flags & 0x10) != 0) return false;
    const Bytes payload = message.Behind(kHeader);
    if (type == expectation_->type) return IsRecord(payload);
    if (type == 3) return IsDone(payload, flags);
    if (type == 2) return IsError(payload, flags);
    return type == 1;
  }

  bool IsRecord(const Bytes& payload) {
    if (payload.size() < expectation_->header_length) return false;
    if (expectation_->family != 0 && (payload.size() == 0 || payload.At<uint8_t>(0) != expectation_->family))
      return false;
    const size_t row = words_.size();
    words_.push_back(static_cast<uint32_t>(payload.data() - all_.data()));
    words_.push_back(0);
    ++records_;
    const size_t start = Up(expectation_->header_length);
    if (start >= payload.size()) return true;
    if (!HasAttributes(payload.Behind(start), sockdiag::Nest::kTop, 0)) return false;
    for (size_t at = start; at < payload.size(); at += Up(payload.At<uint16_t>(at))) {
      words_.push_back(words_[row] + static_cast<uint32_t>(at));
      ++words_[row + 1];
    }
    return true;
  }

  bool IsDone(const Bytes& payload, uint16_t flags) {
    outcome_ = sockdiag::Outcome::kDone;
    if (!HasStatus(payload)) return false;
    if (error_ == 0) return true;
    outcome_ = sockdiag::Outcome::kRefused;
    in_done_ = true;
    return (flags & 0x200) == 0 || HasAttributes(payload.Behind(4), sockdiag::Nest::kTop, 0);
  }

  bool IsError(const Bytes& payload, uint16_t flags) {
    if (payload.size() < 4 + kHeader || !HasStatus(payload)) return false;
    outcome_ = error_ == 0 ? sockdiag::Outcome::kAcknowledged : sockdiag::Outcome::kRefused;
    if (error_ == 0) return expectation_->acknowledged;
    if ((flags & 0x200) == 0) return true;
    const size_t quote = (flags & 0x100) != 0 ? kHeader : Up(payload.At<uint32_t>(4));
    if (quote < kHeader || quote > payload.size() - 4) return false;
    return HasAttributes(payload.Behind(4 + quote), sockdiag::Nest::kTop, 0);
  }

  bool HasStatus(const Bytes& payload) {
    if (payload.size() < 4) return false;
    const auto status = payload.At<int32_t>(0);
    error_ = status <= 0 && status >= -4095 ? -status : 0;
    return status <= 0 && status >= -4095;
  }

  // No deeper than eight of them in one another.
  bool HasAttributes(const Bytes& bytes, uint16_t parent, int depth) const {
    if (depth > 8) return false;
    size_t at = 0;
    while (at < bytes.size()) {
      const Bytes left = bytes.Behind(at);
      if (left.size() < 4) return false;
      const size_t length = left.At<uint16_t>(0);
      const auto type = left.At<uint16_t>(2);
      if (length < 4 || length > left.size() || !IsPadded(left, length)) return false;
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
  bool is_reply_ = false;
  sockdiag::Outcome outcome_ = sockdiag::Outcome::kMore;
  int error_ = 0;
  bool in_done_ = false;
  std::vector<uint32_t> words_;
  size_t records_ = 0;
};

}  // namespace fuzz
