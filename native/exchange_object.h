// An Exchange as JavaScript sees it. Questions and answers go through one piece of memory, which both sides
// know: to hand over an array takes longer than the kernel to answer.
#pragma once

#include <vector>

#include <napi.h>

#include "exchange.h"

namespace sockdiag {

class ExchangeObject : public Napi::ObjectWrap<ExchangeObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // new Exchange(netns, inode)
  explicit ExchangeObject(const Napi::CallbackInfo& info);

 private:
  // expect(type, headerLength, nests): the number of an expectation, for `ask`
  Napi::Value Expect(const Napi::CallbackInfo& info);
  // ask(expectation, flags, length)
  Napi::Value Ask(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  // move(netns, inode)
  void Move(const Napi::CallbackInfo& info);
  Napi::Value GetBuffer(const Napi::CallbackInfo& info);

  // What the memory is divided into, one part behind the other.
  static constexpr size_t kQuestion = Exchange::kRoom + Exchange::kIndexRoom * sizeof(uint32_t);
  static constexpr size_t kQuestionRoom = 256;

  Exchange exchange_;
  std::vector<Expectation> expectations_;
  Napi::Reference<Napi::ArrayBuffer> buffer_;  // a record, its index, and a question
  uint8_t* memory_;                            // of the buffer, which is never detached
};

}  // namespace sockdiag
