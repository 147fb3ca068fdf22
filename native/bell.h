// How another thread tells the thread of an environment that there is something for it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include <napi.h>

namespace sockdiag {

// It does not keep the event loop alive, unless it is told to.
//
// Node takes the function that is behind it away when an environment goes down, whoever still uses it; from
// then on it is silent. All but Ring are for the environment's own thread.
class Bell {
 public:
  // `hear` is called on the environment's thread, some time after one or several rings.
  static std::shared_ptr<Bell> Hang(Napi::Env env, std::function<void()> hear);

  // From any thread.
  void Ring();

  // Nobody will ring any more. What was rung already is still heard.
  void TakeDown();

  // Nothing is heard any more.
  void Silence() { hear_ = nullptr; }

  // Whether the event loop goes on for its sake.
  void KeepAlive(Napi::Env env, bool alive);

 private:
  using Share = std::shared_ptr<Bell>;

  static void Hear(napi_env env, napi_value callback, void* context, void* data);
  static void Lose(napi_env env, void* data, void* hint);

  std::function<void()> hear_;
  std::mutex mutex_;  // of what follows
  napi_threadsafe_function function_ = nullptr;
};

}  // namespace sockdiag
