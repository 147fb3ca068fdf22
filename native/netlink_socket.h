// A netlink socket that talks to the kernel's sock_diag, and only to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <linux/filter.h>

#include "message_walker.h"
#include "network_namespace.h"

namespace sockdiag {

// What the netlink header of a request says, beside its length and that it is one.
struct Heading {
  uint16_t type;
  uint16_t flags;
  uint32_t sequence;
};

// The kernel builds each part of a dump no larger than the largest receive that was ever made on the
// socket, up to 32 KiB less its own overhead; and a smaller receive later would cut the parts off. So
// no receive on any socket has less than this size.
inline constexpr size_t kReceiveSize = 32768;

class NetlinkSocket {
 public:
  // Bytes of memory that what comes may take in the kernel until it is received, as SO_RCVBUF counts them.
  static constexpr int kReceiveBuffer = 1 << 20;

  // Opens a socket in a network namespace, to which it belongs for ever. Throws SystemError.
  explicit NetlinkSocket(const NetworkNamespace& netns, int receive_buffer = kReceiveBuffer);
  ~NetlinkSocket();

  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;

  // The address that the kernel gave us: replies carry it.
  uint32_t port_id() const { return port_id_; }

  // The inode number of the namespace that was named, as the opening thread saw it; 0 if none was.
  uint64_t netns() const { return netns_; }

  // To wait for.
  int descriptor() const { return descriptor_; }

  // From here on the kernel puts into the queue only what the program lets through.
  void Attach(const std::vector<sock_filter>& program) const;

  // From here on the kernel sends what it tells this multicast group.
  void Join(uint32_t group) const;

  // Sends a request with that behind its header.
  void Send(const Heading& heading, const uint8_t* payload, size_t size);

  // Takes one datagram into `buffer`. Never waits: sock_diag makes its answers inside the calls to send and
  // receive, so what is not there yet will never come.
  Datagram Receive(uint8_t* buffer, size_t size) const;

  // The same, where it is no surprise that nothing is there: answers 0, or the error's number.
  int TryReceive(uint8_t* buffer, size_t size, Datagram& datagram) const;

  // Bytes of the datagram that comes next. Only records with BPF storages, which have no limit, make it
  // larger than kReceiveSize.
  size_t NextSize() const;

  // What has come and was not received yet.
  struct Queue {
    uint32_t allocated;  // bytes of memory that it takes
    uint32_t drops;      // how often there was no room for more, modulo 2^32
  };

  // Nothing where the kernel does not tell.
  std::optional<Queue> ReceiveQueue() const;

 private:
  void Configure(int receive_buffer);

  int descriptor_ = -1;
  uint64_t netns_ = 0;
  uint32_t port_id_ = 0;
  std::vector<uint8_t> message_;  // what is sent; its memory is used again
};

}  // namespace sockdiag
