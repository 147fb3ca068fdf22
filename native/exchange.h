// One question and its answer at a time: how single sockets are looked up, and destroyed.
//
// The kernel answers inside the call that sends, so all of this happens on the calling thread: a thread to
// wait on would cost more than the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "failure.h"
#include "message_walker.h"
#include "netlink_socket.h"

namespace sockdiag {

class Exchange {
 public:
  // Bytes that a record may have; an index of it, in words.
  static constexpr size_t kRoom = kReceiveSize;
  static constexpr size_t kIndexRoom = Index::WordsFor(kRoom);

  explicit Exchange(NetworkNamespace netns) : netns_(std::move(netns)) {}

  // Sends a question, with `flags` beside NLM_F_REQUEST, and receives its answer into `room`, which has kRoom
  // bytes: one record as the expectation has it, or with NLM_F_ACK an acknowledgement. The socket is opened
  // the first time, and again after a failure that is not the kernel's own answer: something could still be
  // on its way.
  Failure Ask(Expectation& expectation, uint16_t flags, const uint8_t* payload, size_t size, uint8_t* room,
              Index& index);

  void Close() { socket_.reset(); }

  // The next question goes to another namespace.
  void Move(NetworkNamespace netns) {
    Close();
    netns_ = std::move(netns);
  }

 private:
  NetworkNamespace netns_;
  std::unique_ptr<NetlinkSocket> socket_;
  uint32_t sequence_ = 0;
};

}  // namespace sockdiag
