// How datagrams and their index get to JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>

#include <napi.h>

namespace sockdiag {

// Datagrams, one behind the other, and the index of the records in them.
struct Datagrams {
  const uint8_t* bytes;
  size_t size;
  const uint32_t* words;
  size_t word_count;
};

// One piece of JavaScript's memory, that all batches of a reader are copied into, one after the other: to
// make a new one for each would cost more than to copy it.
class Handover {
 public:
  // Sets `buffer` and `index` of the result; nothing, if there is nothing.
  void Put(Napi::Object& result, const Datagrams& datagrams);

  // Lets go of the memory.
  void Clear() { buffer_.Reset(); }

 private:
  Napi::Reference<Napi::ArrayBuffer> buffer_;
};

}  // namespace sockdiag
