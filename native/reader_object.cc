#include "reader_object.h"

#include <cstring>
#include <utility>

namespace sockdiag {
namespace {

// The first batch is small, since often little is wanted; later ones are as large as the event loop can
// bear, since decoding one holds it.
constexpr size_t kFirstDatagrams = 4;
constexpr size_t kMostDatagrams = 8;

constexpr size_t kBufferStep = 65536;

size_t RoundUp(size_t size, size_t step) { return (size + step - 1) / step * step; }

Request ReadRequest(const Napi::Object& object) {
  const auto number = [&](const char* name) { return object.Get(name).As<Napi::Number>().Uint32Value(); };
  const auto payload = object.Get("payload").As<Napi::Uint8Array>();
  return {static_cast<uint16_t>(number("type")), static_cast<uint16_t>(number("headerLength")),
          static_cast<uint8_t>(number("family")),
          std::vector<uint8_t>(payload.Data(), payload.Data() + payload.ByteLength())};
}

std::vector<Request> ReadRequests(const Napi::Array& array) {
  std::vector<Request> requests;
  for (uint32_t i = 0; i < array.Length(); ++i)
    requests.push_back(ReadRequest(array.Get(i).As<Napi::Object>()));
  if (requests.empty()) throw Napi::TypeError::New(array.Env(), "a reader needs a request");
  return requests;
}

}  // namespace

Napi::Value DescribeFailure(Napi::Env env, const Failure& failure) {
  if (failure.kind == Failure::Kind::kNone) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("request", static_cast<double>(failure.request));
  object.Set("errno", failure.error);
  switch (failure.kind) {
    case Failure::Kind::kSystem:
      object.Set("kind", "system");
      object.Set("syscall", failure.syscall);
      break;
    case Failure::Kind::kKernel:
      object.Set("kind", "kernel");
      object.Set("inDone", failure.in_done);
      object.Set("text", failure.text);
      break;
    default:
      object.Set("kind", failure.fault == Fault::kInterrupted ? "interrupted" : "reply");
      object.Set("text", Describe(failure.fault));
      object.Set("offset", static_cast<double>(failure.fault_offset));
  }
  return object;
}

// One Fill on a worker thread. It owns or shares all that it touches there.
struct ReaderObject::Work {
  ReaderObject* owner;  // null once that is gone
  std::shared_ptr<DumpReader> reader;
  std::unique_ptr<Batch> batch;
  napi_async_work handle = nullptr;

  static void Execute(napi_env, void* data) {
    auto* work = static_cast<Work*>(data);
    work->reader->Fill(*work->batch);
  }

  static void Complete(napi_env env, napi_status status, void* data) {
    const std::unique_ptr<Work> work(static_cast<Work*>(data));
    napi_delete_async_work(env, work->handle);
    if (work->owner == nullptr) return;
    work->owner->in_flight_ = nullptr;
    try {
      const Napi::HandleScope scope(env);
      work->owner->Unref();
      if (status == napi_ok) work->owner->OnFilled(std::move(work->batch));
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
  reader_ = std::make_shared<DumpReader>(ReadRequests(info[0].As<Napi::Array>()), info[1].As<Napi::String>());
  datagrams_ = kFirstDatagrams;
}

ReaderObject::~ReaderObject() {
  Account(-accounted_);
  if (in_flight_ == nullptr) return;
  in_flight_->owner = nullptr;
  reader_->Cancel();
}

Napi::Value ReaderObject::Next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (asked_) throw Napi::Error::New(env, "the reader is busy");
  auto deferred = Napi::Promise::Deferred::New(env);
  if (ready_ != nullptr) {
    Answer(deferred, std::move(ready_));
  } else if (in_flight_ != nullptr || StartFill()) {
    asked_ = deferred;
  } else {
    deferred.Resolve(Deliver(env, nullptr));
  }
  return deferred.Promise();
}

Napi::Value ReaderObject::NextSync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (in_flight_ != nullptr || ready_ != nullptr) throw Napi::Error::New(env, "the reader is busy");
  if (finished_) return Deliver(env, nullptr);
  spare_ = TakeBatch();
  reader_->Fill(*spare_);
  finished_ = spare_->finished();
  return Deliver(env, spare_.get());
}

Napi::Value ReaderObject::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  finished_ = closed_ = true;
  ready_.reset();
  if (in_flight_ == nullptr) {
    reader_->Close();
    return env.Undefined();
  }
  reader_->Cancel();
  // One for each caller: the promise of an older one is out of reach outside the call that made it.
  closing_.push_back(Napi::Promise::Deferred::New(env));
  return closing_.back().Promise();
}

std::unique_ptr<Batch> ReaderObject::TakeBatch() {
  const size_t datagrams = std::exchange(datagrams_, kMostDatagrams);
  if (spare_ != nullptr && spare_->capacity() == datagrams * kReceiveSize) return std::move(spare_);
  if (spare_ != nullptr) Account(-static_cast<int64_t>(std::exchange(spare_, nullptr)->memory()));
  auto batch = std::make_unique<Batch>(datagrams);
  Account(static_cast<int64_t>(batch->memory()));
  return batch;
}

// Tells the collector what a reader weighs, since it sees only a small object.
void ReaderObject::Account(int64_t bytes) {
  accounted_ += bytes;
  Napi::MemoryManagement::AdjustExternalMemory(Env(), bytes);
}

bool ReaderObject::StartFill() {
  if (finished_) return false;
  const Napi::Env env = Env();
  auto work = std::make_unique<Work>(Work{this, reader_, TakeBatch()});
  const auto name = Napi::String::New(env, "sockdiag");
  if (napi_create_async_work(env, nullptr, name, Work::Execute, Work::Complete, work.get(), &work->handle) !=
      napi_ok)
    throw Napi::Error::New(env);
  if (napi_queue_async_work(env, work->handle) != napi_ok) {
    napi_delete_async_work(env, work->handle);
    throw Napi::Error::New(env);
  }
  in_flight_ = work.release();
  Ref();
  return true;
}

void ReaderObject::OnFilled(std::unique_ptr<Batch> batch) {
  if (closed_) {
    reader_->Close();
    if (asked_) std::exchange(asked_, std::nullopt)->Resolve(Deliver(Env(), nullptr));
    for (const auto& closing : std::exchange(closing_, {})) closing.Resolve(Env().Undefined());
    return;
  }
  finished_ = batch->finished();
  if (asked_)
    Answer(*std::exchange(asked_, std::nullopt), std::move(batch));
  else
    ready_ = std::move(batch);
}

void ReaderObject::Answer(const Napi::Promise::Deferred& deferred, std::unique_ptr<Batch> batch) {
  // First of all, so that the kernel is at work on the next batch while this one is copied and decoded.
  StartFill();
  deferred.Resolve(Deliver(Env(), batch.get()));
  spare_ = std::move(batch);
}

Napi::Object ReaderObject::Deliver(Napi::Env env, const Batch* batch) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("finished", batch == nullptr || batch->finished());
  result.Set("records", static_cast<double>(batch == nullptr ? 0 : batch->index().records()));
  if (batch == nullptr) return result;
  if (batch->index().records() > 0) CopyOut(*batch, result);
  if (batch->failure().kind != Failure::Kind::kNone)
    result.Set("failure", DescribeFailure(env, batch->failure()));
  return result;
}

void ReaderObject::CopyOut(const Batch& batch, Napi::Object& result) {
  const size_t bytes = batch.bytes_size();
  const size_t words = batch.index().size() * sizeof(uint32_t);
  if (buffer_.IsEmpty() || buffer_.Value().ByteLength() < bytes + words)
    buffer_ = Napi::Persistent(Napi::ArrayBuffer::New(Env(), RoundUp(bytes + words, kBufferStep)));
  Napi::ArrayBuffer buffer = buffer_.Value();
  auto* memory = static_cast<uint8_t*>(buffer.Data());
  std::memcpy(memory, batch.bytes(), bytes);
  std::memcpy(memory + bytes, batch.words(), words);
  result.Set("buffer", buffer);
  result.Set("index", static_cast<uint32_t>(bytes / sizeof(uint32_t)));
}

}  // namespace sockdiag
