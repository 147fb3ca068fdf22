// The Node-API face: what JavaScript can call, and nothing else. All state belongs to the objects that are
// made here, and so to one environment.
#include <napi.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "descriptor.h"
#include "dump_reader.h"
#include "exchange_object.h"
#include "listener_object.h"
#include "message_walker.h"
#include "owners_object.h"
#include "reader_object.h"
#include "values.h"

namespace sockdiag {
namespace {

Expectation ReadExpectation(const Napi::Object& object) {
  const auto number = [&](const char* name) { return object.Get(name).As<Napi::Number>().Uint32Value(); };
  Expectation expectation;
  expectation.sequence = number("sequence");
  expectation.port_id = number("portId");
  expectation.type = static_cast<uint16_t>(number("type"));
  expectation.header_length = static_cast<uint16_t>(number("headerLength"));
  expectation.family = static_cast<uint8_t>(number("family"));
  expectation.acknowledged = object.Get("acknowledged").ToBoolean();
  expectation.nests = ReadNests(object.Get("nests"));
  return expectation;
}

// walk(datagram, expectation): the index of one datagram that is already in memory.
Napi::Value WalkInMemory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto options = info[1].As<Napi::Object>();
  const Datagram datagram{bytes.Data(), bytes.ByteLength(), options.Get("sender").ToNumber().Uint32Value(),
                          options.Get("truncated").ToBoolean()};
  const size_t capacity = Index::WordsFor(datagram.size);
  const std::unique_ptr<uint32_t[]> words(new uint32_t[capacity]);
  Index index(words.get(), capacity);
  const Walk walk = WalkDatagram(datagram, ReadExpectation(options), 0, index);

  Napi::Object result = Napi::Object::New(env);
  auto copy = Napi::Uint32Array::New(env, index.size());
  for (size_t i = 0; i < index.size(); ++i) copy[i] = words[i];
  result.Set("index", copy);
  result.Set("records", static_cast<double>(index.records()));
  result.Set("finished", walk.outcome == Outcome::kDone || walk.outcome == Outcome::kAcknowledged);
  result.Set("failure", DescribeFailure(env, FailureOf(walk, 0)));
  return result;
}

// describe(descriptor, into): what the kernel says of a socket of this process; 0, or an errno.
Napi::Value DescribeDescriptor(const Napi::CallbackInfo& info) {
  SocketDescription description;
  const int error = Describe(info[0].As<Napi::Number>().Int32Value(), description);
  auto into = info[1].As<Napi::Uint8Array>();
  std::memcpy(into.Data(), &description, std::min(into.ByteLength(), sizeof description));
  return Napi::Number::New(info.Env(), error);
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("Listener", ListenerObject::Define(env));
  exports.Set("Reader", ReaderObject::Define(env));
  exports.Set("Exchange", ExchangeObject::Define(env));
  exports.Set("describe", Napi::Function::New<DescribeDescriptor>(env, "describe"));
  exports.Set("OwnersWalk", OwnersObject::Define(env));
  exports.Set("walk", Napi::Function::New<WalkInMemory>(env, "walk"));
  return exports;
}

}  // namespace
}  // namespace sockdiag

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  return sockdiag::Initialize(env, exports);
}

NODE_API_MODULE(sockdiag, Initialize)
