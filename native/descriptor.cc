#include "descriptor.h"

#include <net/if.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>

namespace sockdiag {
namespace {

// Not in the headers of every system that this is built on.
constexpr int kSoCookie = 57;
constexpr int kSoBindToIfindex = 62;

template <typename T>
int GetOption(int descriptor, int name, T& value) {
  socklen_t size = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? 0 : errno;
}

// Of a kernel that cannot be asked for the index: it binds sockets with link-local addresses as well.
uint32_t BoundInterface(int descriptor) {  // untested: for kernels before 5.1
  std::array<char, IF_NAMESIZE> name{};
  socklen_t size = name.size();
  if (getsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name.data(), &size) != 0 || size == 0) return 0;
  return if_nametoindex(name.data());
}

}  // namespace

int Describe(int descriptor, SocketDescription& description) {
  description = SocketDescription{};
  const int error = GetOption(descriptor, SO_PROTOCOL, description.protocol);
  if (error != 0) return error;
  GetOption(descriptor, kSoCookie, description.cookie);
  const bool told = GetOption(descriptor, kSoBindToIfindex, description.ifindex) == 0;

  socklen_t size = sizeof description.local;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(description.local), &size) == 0)
    description.local_size = size;
  size = sizeof description.remote;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(description.remote), &size) == 0)
    description.remote_size = size;
  if (!told) description.ifindex = BoundInterface(descriptor);
  return 0;
}

}  // namespace sockdiag
