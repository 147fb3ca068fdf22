#include "exchange.h"

#include <cerrno>
#include <new>

#include <linux/netlink.h>

namespace sockdiag {
namespace {

Failure NoAnswer() {  // untested: no kernel is known to answer so
  Failure failure;
  failure.kind = Failure::Kind::kReply;
  failure.fault = Fault::kNoAnswer;
  return failure;
}

}  // namespace

Failure Exchange::Ask(Expectation& expectation, uint16_t flags, const uint8_t* payload, size_t size,
                      uint8_t* room, Index& index) {
  Failure failure;
  try {
    if (socket_ == nullptr) socket_ = std::make_unique<NetlinkSocket>(netns_);
    expectation.sequence = ++sequence_;
    expectation.port_id = socket_->port_id();
    expectation.acknowledged = (flags & NLM_F_ACK) != 0;
    socket_->Send({expectation.type, flags, sequence_}, payload, size);
    const Datagram datagram = socket_->Receive(room, kRoom);
    const Walk walk = WalkDatagram(datagram, expectation, 0, index);
    failure = FailureOf(walk, 0);
    const bool answers =
        expectation.acknowledged ? walk.outcome == Outcome::kAcknowledged : index.records() == 1;
    if (failure.kind == Failure::Kind::kNone && !answers) failure = NoAnswer();
  } catch (const SystemError& error) {
    failure = FailureOf(error, 0);
  } catch (const std::bad_alloc&) {
    failure = FailureOf(SystemError{"malloc", ENOMEM}, 0);
  }
  if (failure.kind != Failure::Kind::kNone && failure.kind != Failure::Kind::kKernel) Close();
  return failure;
}

}  // namespace sockdiag
