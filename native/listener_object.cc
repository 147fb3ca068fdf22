#include "listener_object.h"

#include <cstring>
#include <utility>
#include <vector>

#include "values.h"

namespace sockdiag {
namespace {

// About what a listener holds, until it is closed, in memory that the collector does not see. Bytes.
constexpr int64_t kWeight = 1 << 19;

Subscription ReadSubscription(const Napi::Object& object) {
  const auto number = [&](const char* name) { return object.Get(name).As<Napi::Number>().Uint32Value(); };
  const auto groups = object.Get("groups").As<Napi::Uint32Array>();
  const auto filter = object.Get("filter").As<Napi::Uint8Array>();
  Subscription subscription;
  subscription.netns = ReadNetns(object.Get("netns"), object.Get("inode"));
  subscription.groups.assign(groups.Data(), groups.Data() + groups.ElementLength());
  subscription.filter.resize(filter.ByteLength() / sizeof(sock_filter));
  std::memcpy(subscription.filter.data(), filter.Data(), subscription.filter.size() * sizeof(sock_filter));
  subscription.type = static_cast<uint16_t>(number("type"));
  subscription.header_length = static_cast<uint16_t>(number("headerLength"));
  subscription.capacity = number("queue");
  return subscription;
}

}  // namespace

Napi::Function ListenerObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Listener",
      {InstanceMethod<&ListenerObject::Open>("open"), InstanceMethod<&ListenerObject::Next>("next"),
       InstanceMethod<&ListenerObject::KeepAlive>("keepAlive"),
       InstanceMethod<&ListenerObject::Close>("close")});
}

ListenerObject::ListenerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ListenerObject>(info) {
  auto subscription = ReadSubscription(info[0].As<Napi::Object>());
  bell_ = Bell::Hang(info.Env(), [this] { OnRing(); });
  listener_ = std::make_shared<EventListener>(std::move(subscription), [bell = bell_] { bell->Ring(); });
}

ListenerObject::~ListenerObject() {
  Weigh(0);
  if (bell_ == nullptr) return;
  bell_->Silence();
  // Its thread rings.
  if (listener_ != nullptr) listener_->Stop();
  bell_->TakeDown();
}

Napi::Value ListenerObject::Open(const Napi::CallbackInfo& info) {
  try {
    listener_->Start();
    closed_ = false;
    Weigh(kWeight);
    return info.Env().Undefined();
  } catch (const SystemError& error) {
    bell_->TakeDown();
    return DescribeFailure(info.Env(), FailureOf(error, 0));
  }
}

Napi::Value ListenerObject::Next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (asked_) throw Napi::Error::New(env, "the listener is busy");
  auto deferred = Napi::Promise::Deferred::New(env);
  auto events = closed_ ? nullptr : listener_->Take();
  if (closed_ || events != nullptr) {
    deferred.Resolve(Deliver(std::move(events)));
  } else {
    asked_ = deferred;
    Ref();
    bell_->KeepAlive(env, keeps_alive_);
  }
  return deferred.Promise();
}

Napi::Value ListenerObject::KeepAlive(const Napi::CallbackInfo& info) {
  keeps_alive_ = info[0].ToBoolean();
  if (asked_) bell_->KeepAlive(info.Env(), keeps_alive_);
  return info.Env().Undefined();
}

Napi::Value ListenerObject::Close(const Napi::CallbackInfo& info) {
  if (std::exchange(closed_, true)) return info.Env().Undefined();
  listener_->Stop();
  listener_.reset();
  bell_->TakeDown();
  handover_.Clear();
  Weigh(0);
  if (asked_) Answer(nullptr);
  return info.Env().Undefined();
}

void ListenerObject::Weigh(int64_t bytes) {
  if (bytes != weight_) Napi::MemoryManagement::AdjustExternalMemory(Env(), bytes - weight_);
  weight_ = bytes;
}

void ListenerObject::OnRing() {
  if (!asked_) return;
  auto events = listener_->Take();
  if (events != nullptr) Answer(std::move(events));
}

void ListenerObject::Answer(std::unique_ptr<Events> events) {
  bell_->KeepAlive(Env(), false);
  std::exchange(asked_, std::nullopt)->Resolve(Deliver(std::move(events)));
  Unref();
}

// Without events, it is the end.
Napi::Object ListenerObject::Deliver(std::unique_ptr<Events> events) {
  const Napi::Env env = Env();
  Napi::Object result = Napi::Object::New(env);
  const bool failed = events != nullptr && events->failure.kind != Failure::Kind::kNone;
  result.Set("finished", events == nullptr || failed);
  result.Set("records", static_cast<double>(events == nullptr ? 0 : events->records));
  if (events == nullptr) return result;
  const Loss& loss = events->loss;
  result.Set("dropped", static_cast<double>(loss.dropped));
  if (loss.overrun) result.Set("overrun", static_cast<double>(loss.uncounted ? 0 : loss.overrun_size));
  handover_.Put(result,
                {events->bytes.data(), events->bytes.size(), events->words.data(), events->words.size()});
  if (failed) result.Set("failure", DescribeFailure(env, events->failure));
  return result;
}

}  // namespace sockdiag
