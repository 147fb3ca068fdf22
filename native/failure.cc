#include "failure.h"

namespace sockdiag {

Failure FailureOf(const Walk& walk, size_t request) {
  Failure failure;
  failure.request = request;
  if (walk.outcome == Outcome::kRefused) {
    failure.kind = Failure::Kind::kKernel;
    failure.error = walk.error;
    failure.in_done = walk.in_done;
    if (walk.text != nullptr) failure.text.assign(walk.text, walk.text_size);
  } else if (walk.outcome == Outcome::kFault) {
    failure.kind = Failure::Kind::kReply;
    failure.fault = walk.fault;
    failure.fault_offset = walk.fault_offset;
  }
  return failure;
}

Failure FailureOf(const SystemError& error, size_t request) {
  Failure failure;
  failure.kind = Failure::Kind::kSystem;
  failure.syscall = error.syscall;
  failure.error = error.error;
  failure.request = request;
  return failure;
}

}  // namespace sockdiag
