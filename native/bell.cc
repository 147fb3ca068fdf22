#include "bell.h"

#include <utility>

namespace sockdiag {

std::shared_ptr<Bell> Bell::Hang(Napi::Env env, std::function<void()> hear) {
  auto bell = std::make_shared<Bell>();
  bell->hear_ = std::move(hear);
  // The function has a share in the bell, so that what was rung late still finds it.
  auto share = std::make_unique<Share>(bell);
  const auto name = Napi::String::New(env, "sockdiag");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, share.get(),
                                                             Lose, share.get(), Hear, &bell->function_);
  if (status != napi_ok) throw Napi::Error::New(env);
  static_cast<void>(share.release());
  napi_unref_threadsafe_function(env, bell->function_);
  return bell;
}

void Bell::Ring() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr) return;
  // Once it says that it is closing, it is not ours any more.
  if (napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_closing)
    function_ = nullptr;  // untested: between two steps of an environment's end
}

void Bell::TakeDown() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (function_ != nullptr)
    napi_release_threadsafe_function(std::exchange(function_, nullptr), napi_tsfn_release);
}

void Bell::KeepAlive(Napi::Env env, bool alive) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr) return;
  if (alive)
    napi_ref_threadsafe_function(env, function_);
  else
    napi_unref_threadsafe_function(env, function_);
}

void Bell::Hear(napi_env env, napi_value, void* context, void*) {
  // When an environment goes down, Node asks for what was rung and not heard to be thrown away; by then it
  // has called Lose, and the share is gone.
  if (env == nullptr) return;
  // A copy: what it calls may silence it.
  const auto hear = (*static_cast<Share*>(context))->hear_;
  if (hear == nullptr) return;
  try {
    const Napi::HandleScope scope(env);
    hear();
  } catch (const Napi::Error&) {
    // The environment is going down: nobody is left to tell.
  }
}

void Bell::Lose(napi_env, void* data, void*) {
  const std::unique_ptr<Share> share(static_cast<Share*>(data));
  const std::lock_guard<std::mutex> lock((*share)->mutex_);
  (*share)->function_ = nullptr;
}

}  // namespace sockdiag
