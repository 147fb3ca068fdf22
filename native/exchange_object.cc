#include "exchange_object.h"

#include <utility>

#include "values.h"

namespace sockdiag {

Napi::Function ExchangeObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Exchange",
      {InstanceMethod<&ExchangeObject::Expect>("expect"), InstanceMethod<&ExchangeObject::Ask>("ask"),
       InstanceMethod<&ExchangeObject::Close>("close"), InstanceMethod<&ExchangeObject::Move>("move"),
       InstanceAccessor<&ExchangeObject::GetBuffer>("buffer")});
}

ExchangeObject::ExchangeObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ExchangeObject>(info), exchange_(ReadNetns(info[0], info[1])) {
  auto buffer = Napi::ArrayBuffer::New(info.Env(), kQuestion + kQuestionRoom);
  memory_ = static_cast<uint8_t*>(buffer.Data());
  buffer_ = Napi::Persistent(buffer);
}

Napi::Value ExchangeObject::Expect(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t i) { return info[i].As<Napi::Number>().Uint32Value(); };
  Expectation expectation;
  expectation.type = static_cast<uint16_t>(number(0));
  expectation.header_length = static_cast<uint16_t>(number(1));
  expectation.nests = ReadNests(info[2]);
  expectations_.push_back(std::move(expectation));
  return Napi::Number::New(info.Env(), static_cast<double>(expectations_.size() - 1));
}

Napi::Value ExchangeObject::Ask(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t i) { return info[i].As<Napi::Number>().Uint32Value(); };
  Index index(reinterpret_cast<uint32_t*>(memory_ + Exchange::kRoom), Exchange::kIndexRoom);
  const Failure failure = exchange_.Ask(expectations_.at(number(0)), static_cast<uint16_t>(number(1)),
                                        memory_ + kQuestion, number(2), memory_, index);
  return DescribeFailure(info.Env(), failure);
}

void ExchangeObject::Close(const Napi::CallbackInfo&) { exchange_.Close(); }

void ExchangeObject::Move(const Napi::CallbackInfo& info) { exchange_.Move(ReadNetns(info[0], info[1])); }

Napi::Value ExchangeObject::GetBuffer(const Napi::CallbackInfo&) { return buffer_.Value(); }

}  // namespace sockdiag
