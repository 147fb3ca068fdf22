// Work for a thread of Node's pool.
#pragma once

#include <napi.h>

namespace sockdiag {

// Starts what has a `handle`, an Execute and a Complete, of which the latter takes it away. Throws
// Napi::Error; then it is the caller's still.
template <typename Work>
void QueueWork(Napi::Env env, Work& work) {
  const auto name = Napi::String::New(env, "sockdiag");
  if (napi_create_async_work(env, nullptr, name, Work::Execute, Work::Complete, &work, &work.handle) !=
      napi_ok)
    throw Napi::Error::New(env);  // untested: while an environment ends
  if (napi_queue_async_work(env, work.handle) == napi_ok) return;
  // untested: while an environment ends
  napi_delete_async_work(env, work.handle);
  throw Napi::Error::New(env);
}

}  // namespace sockdiag
