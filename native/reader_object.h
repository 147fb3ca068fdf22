// A DumpReader as JavaScript sees it: batches by promise, read on a worker thread while the last batch is
// being decoded; or at once, on the thread that asks.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <napi.h>

#include "dump_reader.h"

namespace sockdiag {

class ReaderObject : public Napi::ObjectWrap<ReaderObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // new Reader(requests, netns)
  explicit ReaderObject(const Napi::CallbackInfo& info);
  ~ReaderObject() override;

 private:
  struct Work;

  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value NextSync(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  std::unique_ptr<Batch> TakeBatch();
  void Account(int64_t bytes);
  bool StartFill();
  void OnFilled(std::unique_ptr<Batch> batch);
  void Answer(const Napi::Promise::Deferred& deferred, std::unique_ptr<Batch> batch);
  Napi::Object Deliver(Napi::Env env, const Batch* batch);
  void CopyOut(const Batch& batch, Napi::Object& result);

  // Shared with the work in flight, which may outlive this object when an environment is torn down.
  std::shared_ptr<DumpReader> reader_;
  Work* in_flight_ = nullptr;

  std::unique_ptr<Batch> ready_;  // read ahead, and not yet asked for
  std::unique_ptr<Batch> spare_;
  size_t datagrams_;  // of the next batch
  int64_t accounted_ = 0;
  bool finished_ = false;
  bool closed_ = false;

  std::optional<Napi::Promise::Deferred> asked_;  // a Next that waits for the work in flight
  std::vector<Napi::Promise::Deferred> closing_;  // Closes that wait for it
  Napi::Reference<Napi::ArrayBuffer> buffer_;     // what every batch is copied into
};

// The failure as a plain object for JavaScript, or undefined.
Napi::Value DescribeFailure(Napi::Env env, const Failure& failure);

}  // namespace sockdiag
