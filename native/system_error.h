// What everything throws that makes system calls.
#pragma once

namespace sockdiag {

// A system call that failed.
struct SystemError {
  const char* syscall;
  int error;
};

}  // namespace sockdiag
