#include "handover.h"

#include <cstring>

namespace sockdiag {
namespace {

constexpr size_t kBufferStep = 65536;

size_t RoundUp(size_t size, size_t step) { return (size + step - 1) / step * step; }

}  // namespace

void Handover::Put(Napi::Object& result, const Datagrams& datagrams) {
  if (datagrams.size == 0) return;
  const size_t bytes = datagrams.size;
  const size_t words = datagrams.word_count * sizeof(uint32_t);
  if (buffer_.IsEmpty() || buffer_.Value().ByteLength() < bytes + words)
    buffer_ = Napi::Persistent(Napi::ArrayBuffer::New(result.Env(), RoundUp(bytes + words, kBufferStep)));
  Napi::ArrayBuffer buffer = buffer_.Value();
  auto* memory = static_cast<uint8_t*>(buffer.Data());
  std::memcpy(memory, datagrams.bytes, bytes);
  std::memcpy(memory + bytes, datagrams.words, words);
  result.Set("buffer", buffer);
  result.Set("index", static_cast<uint32_t>(bytes / sizeof(uint32_t)));
}

}  // namespace sockdiag
