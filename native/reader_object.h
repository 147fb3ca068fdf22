// A reader as JavaScript sees it, of dumps or of text: batches by promise, read on a worker thread while the
// last one is being decoded; or at once, on the thread that asks.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <napi.h>

#include "bell.h"
#include "handover.h"
#include "read_ahead.h"

namespace sockdiag {

class ReaderObject : public Napi::ObjectWrap<ReaderObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  // new Reader(requests, netns, inode, firstReceive), or new Reader({ files, start }, netns, inode)
  explicit ReaderObject(const Napi::CallbackInfo& info);
  ~ReaderObject() override;

 private:
  struct Work;

  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value NextSync(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void Weigh(int64_t bytes);
  void StartWork();
  void OnFilled();
  void OnWorkEnd();
  Napi::Object Deliver(std::unique_ptr<Batch> batch);

  // Shared with the work in flight, which may outlive this object when an environment is torn down.
  std::shared_ptr<ReadAhead> ahead_;
  std::shared_ptr<Bell> bell_;
  std::vector<Work*> in_flight_;
  bool closed_ = false;
  int64_t weight_ = 0;  // what the collector was told of

  std::optional<Napi::Promise::Deferred> asked_;  // a Next that waits for a batch
  std::vector<Napi::Promise::Deferred> closing_;  // Closes that wait for the work in flight
  Handover handover_;
};

}  // namespace sockdiag
