// A walk over the owners of sockets as JavaScript sees it: by promise, on a worker thread; or at once.
#pragma once

#include <memory>
#include <optional>

#include <napi.h>

#include "socket_owners.h"
#include "system_error.h"

namespace sockdiag {

class OwnersObject : public Napi::ObjectWrap<OwnersObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // new OwnersWalk(pids, inodes, bpf)
  explicit OwnersObject(const Napi::CallbackInfo& info);
  ~OwnersObject() override;

 private:
  struct Outcome;
  struct Work;

  Napi::Value Run(const Napi::CallbackInfo& info);
  Napi::Value RunSync(const Napi::CallbackInfo& info);
  void Cancel(const Napi::CallbackInfo& info);

  static Outcome WalkNow(SocketOwners& walk);
  static Napi::Object Deliver(Napi::Env env, const Outcome& outcome);
  static Napi::Object Describe(Napi::Env env, const SystemError& failure);
  static Napi::Object Describe(Napi::Env env, const Owners& owners);

  // Shared with the work in flight, which may outlive this object when an environment is torn down.
  std::shared_ptr<SocketOwners> walk_;
  Work* in_flight_ = nullptr;
  std::optional<Napi::Promise::Deferred> asked_;
};

}  // namespace sockdiag
