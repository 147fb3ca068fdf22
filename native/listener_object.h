// An EventListener as JavaScript sees it: events by promise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <napi.h>

#include "bell.h"
#include "event_listener.h"
#include "handover.h"

namespace sockdiag {

class ListenerObject : public Napi::ObjectWrap<ListenerObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // new Listener(subscription)
  explicit ListenerObject(const Napi::CallbackInfo& info);
  ~ListenerObject() override;

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value KeepAlive(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void Weigh(int64_t bytes);
  void OnRing();
  void Answer(std::unique_ptr<Events> events);
  Napi::Object Deliver(std::unique_ptr<Events> events);

  std::shared_ptr<Bell> bell_;
  std::shared_ptr<EventListener> listener_;
  bool closed_ = true;
  bool keeps_alive_ = true;  // a Next that waits keeps the event loop alive
  int64_t weight_ = 0;       // what the collector was told of

  std::optional<Napi::Promise::Deferred> asked_;  // a Next that waits for events
  Handover handover_;
};

}  // namespace sockdiag
