#include "dump_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <linux/netlink.h>

namespace sockdiag {
namespace {

std::vector<uint8_t> Frame(uint16_t type, uint16_t flags, uint32_t sequence,
                           const std::vector<uint8_t>& payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = sequence;
  std::vector<uint8_t> message(header.nlmsg_len);
  std::memcpy(message.data(), &header, sizeof header);
  if (!payload.empty()) std::memcpy(message.data() + sizeof header, payload.data(), payload.size());
  return message;
}

}  // namespace

Failure SystemFailure(const SystemError& error, size_t request) {
  Failure failure;
  failure.kind = Failure::Kind::kSystem;
  failure.syscall = error.syscall;
  failure.error = error.error;
  failure.request = request;
  return failure;
}

Failure FailureOf(const Walk& walk, size_t request) {
  Failure failure;
  failure.request = request;
  if (walk.outcome == Outcome::kRefused) {
    failure.kind = Failure::Kind::kKernel;
    failure.error = walk.error;
    failure.in_done = walk.in_done;
    if (walk.text != nullptr) failure.text.assign(walk.text, walk.text_size);
  } else if (walk.outcome == Outcome::kFault) {
    failure.kind = Failure::Kind::kReply;
    failure.fault = walk.fault;
    failure.fault_offset = walk.fault_offset;
  }
  return failure;
}

void Batch::Prepare() {
  used_ = 0;
  finished_ = false;
  failure_ = Failure{};
  index_.Clear();
  // What one huge datagram took is not kept.
  if (capacity_ != least_capacity_) Allocate(least_capacity_);
}

bool Batch::MakeRoom(size_t size) {
  if (capacity_ - used_ >= size) return true;
  if (used_ > 0) return false;
  Allocate(size);
  return true;
}

void Batch::Allocate(size_t capacity) {
  const size_t words = Index::WordsFor(capacity);
  bytes_.reset(new uint8_t[capacity]);
  words_.reset(new uint32_t[words]);
  index_ = Index(words_.get(), words);
  capacity_ = capacity;
}

void DumpReader::Fill(Batch& batch) {
  try {
    batch.Prepare();
    if (socket_ == nullptr) Open();
    while (!IsOver(batch)) {
      const size_t room = RoomForNext();
      if (!batch.MakeRoom(room)) break;
      ReceiveInto(batch, room);
    }
  } catch (const SystemError& error) {
    batch.failure_ = SystemFailure(error, current_);
  } catch (const std::bad_alloc&) {
    batch.failure_ = SystemFailure({"malloc", ENOMEM}, current_);
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
  const auto noop = Frame(NLMSG_NOOP, NLM_F_ACK, expectation.sequence, {});
  socket_->Send(noop.data(), noop.size());
  Batch answer(1);
  answer.Prepare();
  const Datagram datagram = socket_->Receive(answer.bytes_.get(), kReceiveSize);
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
  const auto message = Frame(request.type, NLM_F_DUMP, expectation_.sequence, request.payload);
  socket_->Send(message.data(), message.size());
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
