#include "netlink_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netlink.h>

namespace sockdiag {
namespace {

// Not in the headers of every system that this is built on.
constexpr int kSolNetlink = 270;
constexpr int kCapAck = 10;
constexpr int kExtAck = 11;
constexpr int kMemInfo = 55;  // SO_MEMINFO, an array of numbers: SK_MEMINFO_*
constexpr size_t kMemInfoReceiveAllocated = 0;
constexpr size_t kMemInfoDrops = 8;
constexpr size_t kMemInfoNumbers = 9;

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

NetlinkSocket::NetlinkSocket(const NetworkNamespace& netns, int receive_buffer) {
  if (netns.path.empty())
    descriptor_ = OpenHere();
  else
    netns_ = RunInside(netns, [this] { descriptor_ = OpenHere(); });
  try {
    Configure(receive_buffer);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

NetlinkSocket::~NetlinkSocket() { close(descriptor_); }

void NetlinkSocket::Configure(int receive_buffer) {
  // An error need not bring the whole request back, which can be larger than a receive.
  SetOption(descriptor_, kSolNetlink, kCapAck, 1);
  SetOption(descriptor_, kSolNetlink, kExtAck, 1);
  // Above the system's limit where we may, else up to it.
  SetOption(descriptor_, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  SetOption(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer);

  sockaddr_nl address = KernelAddress();
  if (bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SystemError{"bind", errno};
  // From here on the kernel itself turns away what other processes send to this socket.
  if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SystemError{"connect", errno};

  socklen_t size = sizeof address;
  if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw SystemError{"getsockname", errno};  // untested: a socket has a name
  port_id_ = address.nl_pid;
}

void NetlinkSocket::Attach(const std::vector<sock_filter>& program) const {
  sock_fprog filter{};
  filter.len = static_cast<unsigned short>(program.size());
  // The kernel only reads it.
  filter.filter = const_cast<sock_filter*>(program.data());
  if (setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
    throw SystemError{"setsockopt", errno};
}

void NetlinkSocket::Join(uint32_t group) const {
  if (setsockopt(descriptor_, kSolNetlink, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    throw SystemError{"setsockopt", errno};
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

std::optional<NetlinkSocket::Queue> NetlinkSocket::ReceiveQueue() const {
  std::array<uint32_t, kMemInfoNumbers> numbers{};
  socklen_t size = sizeof numbers;
  if (getsockopt(descriptor_, SOL_SOCKET, kMemInfo, numbers.data(), &size) != 0 || size < sizeof numbers)
    return std::nullopt;
  return Queue{numbers[kMemInfoReceiveAllocated], numbers[kMemInfoDrops]};
}

Datagram NetlinkSocket::Receive(uint8_t* buffer, size_t room) const {
  Datagram datagram{};
  const int error = TryReceive(buffer, room, datagram);
  if (error != 0) throw SystemError{"recvmsg", error};
  return datagram;
}

int NetlinkSocket::TryReceive(uint8_t* buffer, size_t room, Datagram& datagram) const {
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
  if (size < 0) return errno;
  datagram = {buffer, static_cast<size_t>(size), sender.nl_pid, (header.msg_flags & MSG_TRUNC) != 0};
  return 0;
}

}  // namespace sockdiag
