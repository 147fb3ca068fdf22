#include "dump_reader.h"

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

Failure SystemFailure(const char* syscall, int error, size_t request) {
  Failure failure;
  failure.kind = Failure::Kind::kSystem;
  failure.syscall = syscall;
  failure.error = error;
  failure.request = request;
  return failure;
}

}  // namespace

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
  if (bytes_ != nullptr) return;
  const size_t words = Index::WordsFor(capacity_);
  bytes_.reset(new uint8_t[capacity_]);
  words_.reset(new uint32_t[words]);
  index_ = Index(words_.get(), words);
}

void DumpReader::Fill(Batch& batch) {
  try {
    batch.Prepare();
    if (socket_ == nullptr) Open();
    while (!IsOver(batch) && HasRoom(batch)) ReceiveInto(batch);
  } catch (const SystemError& error) {
    batch.failure_ = SystemFailure(error.syscall, error.error, current_);
  } catch (const std::bad_alloc&) {
    batch.failure_ = SystemFailure("malloc", ENOMEM, current_);
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
  expectation.sequence = ++sequence_;
  expectation.port_id = socket_->port_id();
  expectation.acknowledged = true;
  const auto noop = Frame(NLMSG_NOOP, NLM_F_ACK, expectation.sequence, {});
  socket_->Send(noop.data(), noop.size());
  Batch answer(1);
  answer.Prepare();
  const Datagram datagram = socket_->Receive(answer.bytes_.get());
  const Walk walk = WalkDatagram(datagram, expectation, 0, answer.index_);
  if (walk.outcome != Outcome::kAcknowledged) throw SystemError{"recvmsg", EBADMSG};
  SendRequest();
}

void DumpReader::SendRequest() {
  const Request& request = requests_[current_];
  expectation_.sequence = ++sequence_;
  expectation_.port_id = socket_->port_id();
  expectation_.type = request.type;
  expectation_.header_length = request.header_length;
  expectation_.family = request.family;
  const auto message = Frame(request.type, NLM_F_DUMP, expectation_.sequence, request.payload);
  socket_->Send(message.data(), message.size());
}

bool DumpReader::HasRoom(const Batch& batch) const { return batch.capacity_ - batch.used_ >= kReceiveSize; }

void DumpReader::ReceiveInto(Batch& batch) {
  const Datagram datagram = socket_->Receive(batch.bytes_.get() + batch.used_);
  const Walk walk = WalkDatagram(datagram, expectation_, batch.used_, batch.index_);
  batch.failure_ = FailureOf(walk, current_);
  if (walk.outcome == Outcome::kFault) return;
  // The next datagram starts where 64-bit fields may be read in place.
  batch.used_ += (datagram.size + 7) & ~size_t{7};
  if (walk.outcome != Outcome::kDone) return;
  if (++current_ == requests_.size())
    batch.finished_ = true;
  else
    SendRequest();
}

}  // namespace sockdiag
