// Which sockets processes hold, told by a program that the kernel runs for each of their descriptors: that is
// an eighth of the work of reading each link in /proc.
#pragma once

#include <cstdint>
#include <functional>

#include "system_error.h"

namespace sockdiag {

// A descriptor that is a socket, as the program writes it.
struct HeldSocket {
  uint32_t pid;
  uint32_t thread;  // whose descriptor it is: the first of the process, or one of those that outlived it
  uint32_t descriptor;
  uint32_t inode;       // the lower half of the number
  uint64_t start_time;  // of the process: nanoseconds since the machine started
  char comm[16];        // of the process, with a 0 at the end
};

// Calls `take` for each, thread by thread, until it answers false. The numbers are those of the first pid
// namespace. Throws a SystemError: ENOENT where the kernel has no such iterator or does not tell of its
// types; EPERM where this process may not load a program, which takes CAP_BPF and CAP_PERFMON.
void ListHeldSockets(const std::function<bool(const HeldSocket&)>& take);

}  // namespace sockdiag
