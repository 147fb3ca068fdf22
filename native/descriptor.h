// What the kernel says of a socket that this process has open.
#pragma once

#include <cstdint>

namespace sockdiag {

// In this very form it goes to JavaScript.
struct SocketDescription {
  uint32_t protocol;   // SO_PROTOCOL
  uint32_t ifindex;    // SO_BINDTOIFINDEX; 0 before Linux 5.1, which cannot be asked
  uint32_t cookie[2];  // SO_COOKIE, in the machine's order
  uint32_t local_size;
  uint32_t remote_size;  // 0 if it is not connected
  uint8_t local[128];    // sockaddr
  uint8_t remote[128];
};

// 0, or an errno: EBADF, or ENOTSOCK.
int Describe(int descriptor, SocketDescription& description);

}  // namespace sockdiag
