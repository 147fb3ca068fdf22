#include "reader_object.h"

#include <algorithm>
#include <new>
#include <utility>

#include "dump_reader.h"
#include "queue_work.h"
#include "text_reader.h"
#include "values.h"

namespace sockdiag {
namespace {

// About what a reader holds, until it is closed, in memory that the collector does not see. Bytes.
constexpr int64_t kWeight = 1 << 19;

Request ReadRequest(const Napi::Object& object) {
  const auto number = [&](const char* name) { return object.Get(name).As<Napi::Number>().Uint32Value(); };
  const auto payload = object.Get("payload").As<Napi::Uint8Array>();
  return {static_cast<uint16_t>(number("type")),
          static_cast<uint16_t>(number("headerLength")),
          static_cast<uint8_t>(number("family")),
          ReadNests(object.Get("nests")),
          object.Get("oversize").ToBoolean(),
          std::vector<uint8_t>(payload.Data(), payload.Data() + payload.ByteLength())};
}

std::vector<Request> ReadRequests(const Napi::Array& array) {
  std::vector<Request> requests;
  for (uint32_t i = 0; i < array.Length(); ++i)
    requests.push_back(ReadRequest(array.Get(i).As<Napi::Object>()));
  if (requests.empty()) throw Napi::TypeError::New(array.Env(), "a reader needs a request");
  return requests;
}

TextQuestion ReadTextQuestion(const Napi::Object& object) {
  TextQuestion question;
  const auto files = object.Get("files").As<Napi::Array>();
  for (uint32_t i = 0; i < files.Length(); ++i) {
    const auto file = files.Get(i).As<Napi::Object>();
    question.files.push_back({file.Get("path").As<Napi::String>(), file.Get("optional").ToBoolean()});
  }
  if (!object.Get("start").IsUndefined()) question.start = object.Get("start").As<Napi::String>();
  return question;
}

// Kernels make no part smaller than this.
constexpr uint32_t kLeastReceive = 4096;

size_t ReadFirstReceive(const Napi::Value& value) {
  if (value.IsUndefined()) return kReceiveSize;
  const uint32_t size = value.As<Napi::Number>().Uint32Value();
  if (size < kLeastReceive || size > kReceiveSize)
    throw Napi::RangeError::New(value.Env(), "a reader's first receive is of 4096 to 32768 bytes");
  return size;
}

std::unique_ptr<BatchReader> MakeReader(const Napi::CallbackInfo& info) {
  const Napi::Value question = info[0];
  NetworkNamespace netns = ReadNetns(info[1], info[2]);
  if (question.IsArray())
    return std::make_unique<DumpReader>(ReadRequests(question.As<Napi::Array>()), std::move(netns),
                                        ReadFirstReceive(info[3]));
  return std::make_unique<TextReader>(ReadTextQuestion(question.As<Napi::Object>()), std::move(netns));
}

}  // namespace

// Reading ahead on a worker thread. It owns or shares all that it touches there.
struct ReaderObject::Work {
  ReaderObject* owner;  // null once that is gone
  std::shared_ptr<ReadAhead> ahead;
  std::shared_ptr<Bell> bell;
  napi_async_work handle = nullptr;

  static void Execute(napi_env, void* data) {
    const auto* work = static_cast<Work*>(data);
    work->ahead->Run([work] { work->bell->Ring(); });
  }

  static void Complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<Work> work(static_cast<Work*>(data));
    napi_delete_async_work(env, work->handle);
    ReaderObject* owner = work->owner;
    if (owner == nullptr) return;
    auto& in_flight = owner->in_flight_;
    in_flight.erase(std::find(in_flight.begin(), in_flight.end(), work.get()));
    try {
      const Napi::HandleScope scope(env);
      owner->OnWorkEnd();
      owner->Unref();
    } catch (const Napi::Error&) {
      // The environment is going down: nobody is left to tell.
    }
  }
};

Napi::Function ReaderObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Reader",
      {InstanceMethod<&ReaderObject::Next>("next"), InstanceMethod<&ReaderObject::NextSync>("nextSync"),
       InstanceMethod<&ReaderObject::Close>("close")});
}

ReaderObject::ReaderObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ReaderObject>(info) {
  ahead_ = std::make_shared<ReadAhead>(MakeReader(info));
  Weigh(kWeight);
}

ReaderObject::~ReaderObject() {
  Weigh(0);
  ahead_->Stop();
  for (Work* work : in_flight_) work->owner = nullptr;
  if (bell_ == nullptr) return;
  bell_->Silence();
  // With work in flight, which is so only where the environment goes down, that will take it down too.
  if (in_flight_.empty()) bell_->TakeDown();
}

Napi::Value ReaderObject::Next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (asked_) throw Napi::Error::New(env, "the reader is busy");
  auto deferred = Napi::Promise::Deferred::New(env);
  auto batch = ahead_->Take();
  StartWork();
  if (batch == nullptr && !in_flight_.empty())
    asked_ = deferred;
  else
    deferred.Resolve(Deliver(std::move(batch)));
  return deferred.Promise();
}

Napi::Value ReaderObject::NextSync(const Napi::CallbackInfo& info) {
  if (bell_ != nullptr) throw Napi::Error::New(info.Env(), "the reader is busy");
  return Deliver(ahead_->FillNow());
}

Napi::Value ReaderObject::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  closed_ = true;
  ahead_->Stop();
  handover_.Clear();
  Weigh(0);
  if (in_flight_.empty()) {
    ahead_->Close();
    return env.Undefined();
  }
  // One for each caller: the promise of an older one is out of reach outside the call that made it.
  closing_.push_back(Napi::Promise::Deferred::New(env));
  return closing_.back().Promise();
}

void ReaderObject::Weigh(int64_t bytes) {
  if (bytes != weight_) Napi::MemoryManagement::AdjustExternalMemory(Env(), bytes - weight_);
  weight_ = bytes;
}

void ReaderObject::StartWork() {
  const Napi::Env env = Env();
  if (!ahead_->ShouldRun()) return;
  try {
    if (bell_ == nullptr) bell_ = Bell::Hang(env, [this] { OnFilled(); });
    in_flight_.reserve(in_flight_.size() + 1);
    auto work = std::make_unique<Work>(Work{this, ahead_, bell_});
    QueueWork(env, *work);
    in_flight_.push_back(work.release());
  } catch (...) {
    ahead_->CannotRun();
    throw;
  }
  Ref();
}

void ReaderObject::OnFilled() {
  if (!asked_) return;
  auto batch = ahead_->Take();
  if (batch == nullptr) return;
  // First of all, so that the kernel is at work on the next batch while this one is copied and decoded.
  try {
    StartWork();
  } catch (const std::bad_alloc&) {  // untested: what little it takes was always there
    // Whoever asks for the next batch tries again.
  }
  std::exchange(asked_, std::nullopt)->Resolve(Deliver(std::move(batch)));
}

void ReaderObject::OnWorkEnd() {
  OnFilled();
  if (!in_flight_.empty()) return;
  if (ahead_->IsFinished()) bell_->TakeDown();
  if (asked_) std::exchange(asked_, std::nullopt)->Resolve(Deliver(nullptr));
  if (!closed_) return;
  ahead_->Close();
  for (const auto& closing : std::exchange(closing_, {})) closing.Resolve(Env().Undefined());
}

// Without a batch, it is the end.
Napi::Object ReaderObject::Deliver(std::unique_ptr<Batch> batch) {
  const Napi::Env env = Env();
  Napi::Object result = Napi::Object::New(env);
  result.Set("finished", batch == nullptr || batch->finished());
  result.Set("records", static_cast<double>(batch == nullptr ? 0 : batch->index().records()));
  if (batch == nullptr) {
    const Failure want = ahead_->Want();
    if (want.kind != Failure::Kind::kNone) result.Set("failure", DescribeFailure(env, want));
    return result;
  }
  if (batch->netns() != 0) result.Set("netns", static_cast<double>(batch->netns()));
  if (batch->file()) {
    result.Set("file", *batch->file());
    result.Set("offset", static_cast<double>(batch->file_offset()));
  }
  handover_.Put(result, {batch->bytes(), batch->bytes_size(), batch->words(), batch->index().size()});
  if (batch->failure().kind != Failure::Kind::kNone)
    result.Set("failure", DescribeFailure(env, batch->failure()));
  ahead_->GiveBack(std::move(batch));
  return result;
}

}  // namespace sockdiag
