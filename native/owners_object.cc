#include "owners_object.h"

#include <cerrno>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "queue_work.h"

namespace sockdiag {
namespace {

std::vector<uint32_t> ReadNumbers(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

// What `number` makes of each of the items, as a typed array.
template <typename Array, typename Items, typename Number>
Array Column(Napi::Env env, const Items& items, Number number) {
  auto column = Array::New(env, items.size());
  auto* at = column.Data();
  for (const auto& item : items) *at++ = static_cast<typename std::decay<decltype(*at)>::type>(number(item));
  return column;
}

void SetHoldings(Napi::Object& result, const std::vector<Holding>& holdings) {
  using Numbers = Napi::Uint32Array;
  const Napi::Env env = result.Env();
  result.Set("inodes", Column<Numbers>(env, holdings, [](const Holding& each) { return each.inode; }));
  result.Set("holders", Column<Numbers>(env, holdings, [](const Holding& each) { return each.holder; }));
  result.Set("descriptors",
             Column<Numbers>(env, holdings, [](const Holding& each) { return each.descriptor; }));
}

void SetHolders(Napi::Object& result, const std::vector<Holder>& holders) {
  using Numbers = Napi::Uint32Array;
  const Napi::Env env = result.Env();
  std::string comms;
  const auto end = [&](const Holder& each) { return comms.append(each.comm).size(); };
  result.Set("pids", Column<Numbers>(env, holders, [](const Holder& each) { return each.pid; }));
  result.Set("startTimes",
             Column<Napi::Float64Array>(env, holders, [](const Holder& each) { return each.start_time; }));
  result.Set("commEnds", Column<Numbers>(env, holders, end));
  result.Set("comms", Napi::Buffer<char>::Copy(env, comms.data(), comms.size()));
}

}  // namespace

// What came of a walk: the owners, or the system call that failed.
struct OwnersObject::Outcome {
  Owners owners;
  SystemError failure{nullptr, 0};
};

// The walk on a worker thread. It owns or shares all that it touches there.
struct OwnersObject::Work {
  OwnersObject* owner;  // null once that is gone
  std::shared_ptr<SocketOwners> walk;
  Outcome outcome{};
  napi_async_work handle = nullptr;

  static void Execute(napi_env, void* data) {
    auto* work = static_cast<Work*>(data);
    work->outcome = WalkNow(*work->walk);
  }

  static void Complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<Work> work(static_cast<Work*>(data));
    napi_delete_async_work(env, work->handle);
    OwnersObject* owner = work->owner;
    if (owner == nullptr) return;
    owner->in_flight_ = nullptr;
    try {
      const Napi::HandleScope scope(env);
      std::exchange(owner->asked_, std::nullopt)->Resolve(Deliver(env, work->outcome));
      owner->Unref();
    } catch (const Napi::Error&) {
      // The environment is going down: nobody is left to tell.
    }
  }
};

Napi::Function OwnersObject::Define(Napi::Env env) {
  return DefineClass(
      env, "OwnersWalk",
      {InstanceMethod<&OwnersObject::Run>("run"), InstanceMethod<&OwnersObject::RunSync>("runSync"),
       InstanceMethod<&OwnersObject::Cancel>("cancel")});
}

OwnersObject::OwnersObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<OwnersObject>(info),
      walk_(std::make_shared<SocketOwners>(ReadNumbers(info[0]), ReadNumbers(info[1]),
                                           info[2].As<Napi::Boolean>())) {}

OwnersObject::~OwnersObject() {
  walk_->Cancel();
  if (in_flight_ != nullptr) in_flight_->owner = nullptr;
}

Napi::Value OwnersObject::Run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (in_flight_ != nullptr) throw Napi::Error::New(env, "the walk is under way");
  auto deferred = Napi::Promise::Deferred::New(env);
  auto work = std::make_unique<Work>(Work{this, walk_});
  QueueWork(env, *work);
  in_flight_ = work.release();
  asked_ = deferred;
  Ref();
  return deferred.Promise();
}

Napi::Value OwnersObject::RunSync(const Napi::CallbackInfo& info) {
  if (in_flight_ != nullptr) throw Napi::Error::New(info.Env(), "the walk is under way");
  return Deliver(info.Env(), WalkNow(*walk_));
}

void OwnersObject::Cancel(const Napi::CallbackInfo&) { walk_->Cancel(); }

OwnersObject::Outcome OwnersObject::WalkNow(SocketOwners& walk) {
  Outcome outcome;
  try {
    outcome.owners = walk.Walk();
  } catch (const SystemError& error) {
    outcome.failure = error;
  } catch (const std::bad_alloc&) {
    outcome.failure = {"malloc", ENOMEM};
  }
  return outcome;
}

Napi::Object OwnersObject::Deliver(Napi::Env env, const Outcome& outcome) {
  if (outcome.failure.syscall != nullptr) return Describe(env, outcome.failure);
  try {
    return Describe(env, outcome.owners);
  } catch (const std::bad_alloc&) {  // untested: what little it takes was always there
    return Describe(env, SystemError{"malloc", ENOMEM});
  }
}

Napi::Object OwnersObject::Describe(Napi::Env env, const SystemError& failure) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("syscall", failure.syscall);
  result.Set("errno", failure.error);
  return result;
}

Napi::Object OwnersObject::Describe(Napi::Env env, const Owners& owners) {
  Napi::Object result = Napi::Object::New(env);
  SetHoldings(result, owners.holdings);
  SetHolders(result, owners.holders);
  result.Set("processes", owners.read);
  result.Set("denied", owners.denied);
  result.Set("vanished", owners.vanished);
  result.Set("hidden", owners.hidden);
  result.Set("bpf", owners.by_bpf);
  return result;
}

}  // namespace sockdiag
