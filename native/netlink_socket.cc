#include "netlink_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <linux/netlink.h>

namespace sockdiag {
namespace {

// Not in the headers of every system that this is built on.
constexpr int kSolNetlink = 270;
constexpr int kCapAck = 10;
constexpr int kExtAck = 11;

constexpr int kReceiveBuffer = 1 << 20;

int OpenHere() {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (descriptor < 0) throw SystemError{"socket", errno};
  return descriptor;
}

sockaddr_nl KernelAddress() {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  return address;
}

void SetOption(int descriptor, int level, int option, int value) {
  // Kernels that do not know an option are served without it: each of them only makes answers better.
  setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

NetlinkSocket::NetlinkSocket(const NetworkNamespace& netns) {
  if (netns.path.empty())
    descriptor_ = OpenHere();
  else
    netns_ = RunInside(netns, [this] { descriptor_ = OpenHere(); });
  try {
    Configure();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

NetlinkSocket::~NetlinkSocket() { close(descriptor_); }

void NetlinkSocket::Configure() {
  // An error need not bring the whole request back, which can be larger than a receive.
  SetOption(descriptor_, kSolNetlink, kCapAck, 1);
  SetOption(descriptor_, kSolNetlink, kExtAck, 1);
  // Above the system's limit where we may, else up to it.
  SetOption(descriptor_, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  SetOption(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer);

  sockaddr_nl address = KernelAddress();
  if (bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SystemError{"bind", errno};
  // From here on the kernel itself turns away what other processes send to this socket.
  if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SystemError{"connect", errno};

  socklen_t size = sizeof address;
  if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw SystemError{"getsockname", errno};
  port_id_ = address.nl_pid;
}

void NetlinkSocket::Send(const Heading& heading, const uint8_t* payload, size_t size) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(sizeof header + size);
  header.nlmsg_type = heading.type;
  header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | heading.flags);
  header.nlmsg_seq = heading.sequence;
  message_.resize(header.nlmsg_len);
  std::memcpy(message_.data(), &header, sizeof header);
  if (size > 0) std::memcpy(message_.data() + sizeof header, payload, size);
  // The kernel grants the sender's privileges only to a message that names its destination.
  const sockaddr_nl address = KernelAddress();
  ssize_t sent = 0;
  do {
    sent = sendto(descriptor_, message_.data(), message_.size(), 0,
                  reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) throw SystemError{"sendto", errno};
}

size_t NetlinkSocket::NextSize() const {
  ssize_t size = 0;
  do {
    size = recv(descriptor_, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0) throw SystemError{"recv", errno};
  return static_cast<size_t>(size);
}

Datagram NetlinkSocket::Receive(uint8_t* buffer, size_t room) const {
  sockaddr_nl sender{};
  iovec part{buffer, room};
  msghdr header{};
  header.msg_name = &sender;
  header.msg_namelen = sizeof sender;
  header.msg_iov = &part;
  header.msg_iovlen = 1;

  ssize_t size = 0;
  do {
    size = recvmsg(descriptor_, &header, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0) throw SystemError{"recvmsg", errno};
  return {buffer, static_cast<size_t>(size), sender.nl_pid, (header.msg_flags & MSG_TRUNC) != 0};
}

}  // namespace sockdiag
