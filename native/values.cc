#include "values.h"

namespace sockdiag {

NetworkNamespace ReadNetns(const Napi::Value& path, const Napi::Value& inode) {
  return {path.As<Napi::String>(),
          inode.IsUndefined() ? 0 : static_cast<uint64_t>(inode.As<Napi::Number>().Int64Value())};
}

std::vector<Nest> ReadNests(const Napi::Value& value) {
  std::vector<Nest> nests;
  if (value.IsUndefined()) return nests;
  const auto pairs = value.As<Napi::Uint16Array>();
  for (size_t i = 0; i + 1 < pairs.ElementLength(); i += 2) nests.push_back({pairs[i], pairs[i + 1]});
  return nests;
}

Napi::Value DescribeFailure(Napi::Env env, const Failure& failure) {
  if (failure.kind == Failure::Kind::kNone) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("request", static_cast<double>(failure.request));
  object.Set("errno", failure.error);
  switch (failure.kind) {
    case Failure::Kind::kSystem:
    case Failure::Kind::kFile:
      object.Set("kind", failure.kind == Failure::Kind::kFile ? "file" : "system");
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

}  // namespace sockdiag
