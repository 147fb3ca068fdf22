// Listens to sock_diag's multicast groups on a thread of its own, and keeps what they tell until it is taken.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <linux/filter.h>

#include "event_queue.h"
#include "message_walker.h"
#include "netlink_socket.h"

namespace sockdiag {

struct Subscription {
  NetworkNamespace netns;
  std::vector<uint32_t> groups;
  std::vector<sock_filter> filter;  // what the kernel runs over each message; without instructions, none
  uint16_t type;                    // nlmsg_type of the events
  uint16_t header_length;           // bytes of the fixed structure that an event starts with
  size_t capacity;                  // so many events may wait to be taken
};

// Start, Take and Stop are for one thread. The listener's own thread has a share in it; so whoever gives it
// up calls Stop.
class EventListener : public std::enable_shared_from_this<EventListener> {
 public:
  // `notify` is called on the listener's own thread.
  EventListener(Subscription subscription, std::function<void()> notify);
  ~EventListener() { Stop(); }

  EventListener(const EventListener&) = delete;
  EventListener& operator=(const EventListener&) = delete;

  // Subscribes: whatever happens once it has returned is told. Throws SystemError.
  void Start();

  // See EventQueue.
  std::unique_ptr<Events> Take() { return queue_.Take(); }

  // Gives the socket and the thread back. What was not taken yet stays.
  void Stop();

 private:
  void Open();
  bool Wake();
  void Run();
  bool Wait() const;
  bool ReceiveOne();
  void Accept(const Datagram& datagram);
  void BeginOverrun();
  void WatchOverrun();
  void EndOverrun();

  const Subscription subscription_;
  EventQueue queue_;
  std::unique_ptr<NetlinkSocket> socket_;
  int wake_ = -1;
  std::thread thread_;
  std::atomic<bool> stopped_{false};
  std::mutex ending_;
  std::condition_variable has_ended_;
  bool ended_ = false;

  // The thread's own.
  Expectation expectation_;
  std::unique_ptr<uint8_t[]> bytes_;
  std::unique_ptr<uint32_t[]> words_;
  bool overrun_ = false;
  uint32_t left_ = 0;   // what the kernel's queue held when it was last looked at
  uint32_t drops_ = 0;  // what of the kernel's count was told
};

}  // namespace sockdiag
