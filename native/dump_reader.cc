#include "dump_reader.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include <linux/netlink.h>

namespace sockdiag {

void DumpReader::Fill(Batch& batch) {
  try {
    batch.Prepare();
    if (socket_ == nullptr) Open();
    batch.netns_ = socket_->netns();
    while (!IsOver(batch)) {
      const size_t room = RoomForNext();
      if (!batch.MakeRoom(room)) break;
      ReceiveInto(batch, room);
      // Of much, what comes first is wanted soon: whether the rest is read in parts depends on it.
      if (!std::exchange(begun_, true) && batch.used_ > kReceiveSize / 2) break;
    }
  } catch (const SystemError& error) {
    batch.failure_ = FailureOf(error, current_);
  } catch (const std::bad_alloc&) {
    batch.failure_ = FailureOf(SystemError{"malloc", ENOMEM}, current_);
  }
  batch.finished_ = IsOver(batch);
  if (batch.finished_) Close();
}

bool DumpReader::IsOver(const Batch& batch) const {
  return batch.finished_ || batch.failure_.kind != Failure::Kind::kNone ||
         cancelled_.load(std::memory_order_relaxed);
}

void DumpReader::Open() {
  socket_ = std::make_unique<NetlinkSocket>(netns_);
  // The kernel sizes the parts of a dump by the largest receive made so far, so one is made before the
  // first dump: of the acknowledgement of nothing.
  Expectation expectation;
  expectation.sequence = 0;
  expectation.port_id = socket_->port_id();
  expectation.acknowledged = true;
  socket_->Send({NLMSG_NOOP, NLM_F_ACK, expectation.sequence}, nullptr, 0);
  Batch answer(1);
  answer.Prepare();
  const Datagram datagram = socket_->Receive(answer.bytes_.get(), first_receive_);
  const Walk walk = WalkDatagram(datagram, expectation, 0, answer.index_);
  if (walk.outcome != Outcome::kAcknowledged) throw SystemError{"recvmsg", EBADMSG};
  SendRequest();
}

void DumpReader::SendRequest() {
  const Request& request = requests_[current_];
  expectation_.sequence = static_cast<uint32_t>(current_ + 1);
  expectation_.port_id = socket_->port_id();
  expectation_.type = request.type;
  expectation_.header_length = request.header_length;
  expectation_.family = request.family;
  expectation_.nests = request.nests;
  socket_->Send({request.type, NLM_F_DUMP, expectation_.sequence}, request.payload.data(),
                request.payload.size());
}

size_t DumpReader::RoomForNext() const {
  return requests_[current_].oversize ? std::max(kReceiveSize, socket_->NextSize()) : kReceiveSize;
}

void DumpReader::ReceiveInto(Batch& batch, size_t room) {
  const Datagram datagram = socket_->Receive(batch.bytes_.get() + batch.used_, room);
  const Walk walk = WalkDatagram(datagram, expectation_, batch.used_, batch.index_);
  batch.failure_ = FailureOf(walk, current_);
  if (walk.outcome == Outcome::kFault) return;
  // A datagram without a fault is a multiple of four bytes, so that the next one is as well aligned.
  batch.used_ += datagram.size;
  if (walk.outcome != Outcome::kDone) return;
  if (++current_ == requests_.size())
    batch.finished_ = true;
  else
    SendRequest();
}

}  // namespace sockdiag
