#include "event_listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

namespace sockdiag {
namespace {

// The kernel's own queue is the first to take up a burst, until the thread gets its turn: room for some
// thousands of events, of which each takes up to 1.3 KiB there. Where CAP_NET_ADMIN is missing, the system's
// limit holds. Bytes.
constexpr int kReceiveBuffer = 4 << 20;

// How long a thread that was woken may take to end: it has one datagram to receive at most.
constexpr std::chrono::seconds kPatience{1};

}  // namespace

EventListener::EventListener(Subscription subscription, std::function<void()> notify)
    : subscription_(std::move(subscription)), queue_(subscription_.capacity, std::move(notify)) {
  // Multicasts answer nobody.
  expectation_.sequence = 0;
  expectation_.port_id = 0;
  expectation_.type = subscription_.type;
  expectation_.header_length = subscription_.header_length;
}

void EventListener::Start() {
  try {
    Open();
    thread_ = std::thread([self = shared_from_this()] { self->Run(); });
  } catch (const std::system_error& error) {
    Stop();
    throw SystemError{"pthread_create", error.code().value()};
  } catch (const std::bad_alloc&) {
    Stop();
    throw SystemError{"malloc", ENOMEM};
  } catch (...) {
    Stop();
    throw;
  }
}

void EventListener::Open() {
  bytes_ = std::make_unique<uint8_t[]>(kReceiveSize);
  words_ = std::make_unique<uint32_t[]>(Index::WordsFor(kReceiveSize));
  socket_ = std::make_unique<NetlinkSocket>(subscription_.netns, kReceiveBuffer);
  // Before the first message can come.
  if (!subscription_.filter.empty()) socket_->Attach(subscription_.filter);
  for (const uint32_t group : subscription_.groups) socket_->Join(group);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) throw SystemError{"eventfd", errno};
}

void EventListener::Stop() {
  stopped_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) {
    if (!Wake()) return thread_.detach();
    thread_.join();
  }
  if (wake_ >= 0) close(std::exchange(wake_, -1));
  socket_.reset();
}

// Whether the thread has ended, or is about to. It has not where its descriptors are not its own any more,
// because somebody else has closed them: then nothing wakes it, and nobody must wait for it.
bool EventListener::Wake() {
  const uint64_t one = 1;
  ssize_t size = 0;
  do {
    size = write(wake_, &one, sizeof one);
  } while (size < 0 && errno == EINTR);
  std::unique_lock<std::mutex> lock(ending_);
  return has_ended_.wait_for(lock, size < 0 ? kPatience * 0 : kPatience, [this] { return ended_; });
}

void EventListener::Run() {
  try {
    while (Wait())
      while (!stopped_.load(std::memory_order_relaxed) && ReceiveOne()) continue;
  } catch (const SystemError& error) {
    queue_.Fail(FailureOf(error, 0));
  }
  const std::lock_guard<std::mutex> lock(ending_);
  ended_ = true;
  has_ended_.notify_all();
}

// Until there is something to receive; false once it is to stop.
bool EventListener::Wait() const {
  std::array<pollfd, 2> files{pollfd{socket_->descriptor(), POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
  while (poll(files.data(), files.size(), -1) < 0)
    if (errno != EINTR) throw SystemError{"poll", errno};  // untested: of such a call, no error is known
  return !stopped_.load(std::memory_order_relaxed);
}

// False if nothing is left to be received.
bool EventListener::ReceiveOne() {
  Datagram datagram{};
  switch (const int error = socket_->TryReceive(bytes_.get(), kReceiveSize, datagram)) {
    case 0:
      Accept(datagram);
      if (overrun_) WatchOverrun();
      return true;
    case EAGAIN:
      if (overrun_) EndOverrun();
      return false;
    case ENOBUFS:
      BeginOverrun();
      return true;
    default:
      throw SystemError{"recvmsg", error};
  }
}

void EventListener::Accept(const Datagram& datagram) {
  // Whoever has CAP_NET_ADMIN may send to the groups as well. That is no event, and no reason to end.
  if (datagram.sender != 0) return;
  Index index(words_.get(), Index::WordsFor(kReceiveSize));
  Walk walk = WalkDatagram(datagram, expectation_, 0, index);
  if (walk.outcome == Outcome::kMore) return queue_.Add(datagram, words_.get(), index);
  // untested: the kernel sends nothing else to its groups
  if (walk.outcome != Outcome::kFault) walk.fault = Fault::kUnexpectedType;
  walk.outcome = Outcome::kFault;
  queue_.Fail(FailureOf(walk, 0));
  stopped_.store(true, std::memory_order_relaxed);
}

// The kernel had no room for an event. It tells so at once, but what it lost was lost behind all that it
// still holds; and it goes on losing until that is received.
void EventListener::BeginOverrun() {
  overrun_ = true;
  left_ = UINT32_MAX;
  WatchOverrun();
}

// Once there is nothing left in the kernel's queue, or something new in it, all of that was received.
void EventListener::WatchOverrun() {
  const auto queue = socket_->ReceiveQueue();
  if (!queue) return;
  if (queue->allocated == 0 || queue->allocated >= left_) return EndOverrun();
  left_ = queue->allocated;
}

void EventListener::EndOverrun() {
  overrun_ = false;
  const auto queue = socket_->ReceiveQueue();
  if (!queue) return queue_.AddOverrun(std::nullopt);
  // None, if it began so soon behind the last one that it was counted with that.
  queue_.AddOverrun(queue->drops - std::exchange(drops_, queue->drops));
}

}  // namespace sockdiag
