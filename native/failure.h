// Why something that was asked of the kernel ended before its end.
#pragma once

#include <cstddef>
#include <string>

#include "message_walker.h"
#include "netlink_socket.h"

namespace sockdiag {

struct Failure {
  enum class Kind { kNone, kSystem, kFile, kKernel, kReply };

  Kind kind = Kind::kNone;
  const char* syscall = "";    // kSystem; kFile, which is of a file that is read
  int error = 0;               // kSystem, kFile, kKernel: the errno
  bool in_done = false;        // kKernel: it came in NLMSG_DONE, not in NLMSG_ERROR
  std::string text;            // kKernel: the kernel's extended message, or nothing
  Fault fault = Fault::kNone;  // kReply
  size_t fault_offset = 0;     // kReply: from the start of the datagram
  size_t request = 0;          // which of the requests it was, or of the files
};

// What walking one datagram means for the request that it answers; kNone where it means no failure.
Failure FailureOf(const Walk& walk, size_t request);

Failure FailureOf(const SystemError& error, size_t request);

}  // namespace sockdiag
