// What the targets of the fuzzer have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fuzz {

// Ends the process where a promise is broken: the fuzzer keeps what led to it.
inline void Require(bool kept, const char* promise) {
  if (kept) return;
  (void)std::fprintf(stderr, "BROKEN PROMISE: %s\n", promise);
  std::abort();
}

// The choices that stand in front of an input; zeros where it is too short for them.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t Byte() { return Take<uint8_t>(); }
  uint16_t Half() { return Take<uint16_t>(); }
  uint32_t Word() { return Take<uint32_t>(); }

  // What is left of the input.
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  template <typename T>
  T Take() {
    T value{};
    const size_t taken = sizeof value < size_ ? sizeof value : size_;
    if (taken > 0) std::memcpy(&value, data_, taken);
    data_ += taken;
    size_ -= taken;
    return value;
  }

  const uint8_t* data_;
  size_t size_;
};

}  // namespace fuzz
