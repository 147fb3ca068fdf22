// Reads dumps, one batch of datagrams at a time, on whatever thread it is called from.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "message_walker.h"
#include "netlink_socket.h"

namespace sockdiag {

// One dump to ask for. Several are read one behind the other, through the same socket; the first is sent with
// the sequence number 1, and each with one more than the last.
struct Request {
  uint16_t type;           // nlmsg_type of the request and of its records
  uint16_t header_length;  // bytes of the fixed structure that a record starts with
  uint8_t family;          // first byte of that structure; 0 if it may be any
  std::vector<Nest> nests;
  bool oversize;  // a datagram may be larger than a usual receive
  std::vector<uint8_t> payload;
};

class DumpReader : public BatchReader {
 public:
  // The first part of the answer to the first request is as large as `first_receive`, and every other as
  // large as a usual receive.
  DumpReader(std::vector<Request> requests, NetworkNamespace netns, size_t first_receive)
      : requests_(std::move(requests)), netns_(std::move(netns)), first_receive_(first_receive) {}

  // Opens the socket the first time, and closes it when the dump has ended in whatever way.
  void Fill(Batch& batch) override;

  // After the datagram that it is at.
  void Cancel() override { cancelled_.store(true, std::memory_order_relaxed); }

  void Close() override { socket_.reset(); }

 private:
  void Open();
  void SendRequest();
  size_t RoomForNext() const;
  void ReceiveInto(Batch& batch, size_t room);
  bool IsOver(const Batch& batch) const;

  std::vector<Request> requests_;
  NetworkNamespace netns_;
  size_t first_receive_;
  std::unique_ptr<NetlinkSocket> socket_;
  size_t current_ = 0;
  bool begun_ = false;
  Expectation expectation_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace sockdiag
