// Which processes hold which sockets: one walk over /proc/PID/fd/*, on the thread that it is called from and
// on one more, since nearly all of its time goes into the kernel, which serves both.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sockdiag {

// A descriptor that is a socket.
struct Holding {
  uint32_t inode;
  uint32_t holder;  // its place in the list of holders
  uint32_t descriptor;
};

// A process with such a descriptor.
struct Holder {
  uint32_t pid;
  uint64_t start_time;  // clock ticks since the machine started
  std::string comm;
};

struct Owners {
  std::vector<Holding> holdings;  // by inode, and for each in the order of /proc
  std::vector<Holder> holders;
  uint32_t read = 0;      // processes
  uint32_t denied = 0;    // those that may not be read
  uint32_t vanished = 0;  // those that ended before they were read to the end
  bool hidden = false;    // there may be others that /proc does not list
};

class SocketOwners {
 public:
  // Only these processes, and only these sockets; all where there are none.
  SocketOwners(std::vector<uint32_t> pids, std::vector<uint32_t> inodes);

  // Throws a SystemError where /proc cannot be read; ENOENT too where something else is mounted there, or
  // nothing.
  Owners Walk();

  // Makes a Walk end soon, whose answer is then worth nothing. From any thread.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  bool IsCancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  std::vector<uint32_t> PidsIn(int proc) const;
  std::vector<Owners> VisitAll(int proc, const std::vector<uint32_t>& pids);
  void Visit(int proc, uint32_t pid, Owners* owners);
  void ReadProcess(int process, uint32_t pid, Owners* owners);
  bool ReadDescriptors(int process, const char* name, std::vector<Holding>* holdings);
  void ReadThreads(int process, std::vector<Holding>* holdings);
  void AddIfSocket(const char* target, uint32_t descriptor, std::vector<Holding>* holdings) const;

  std::vector<uint32_t> pids_;
  std::vector<uint32_t> inodes_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace sockdiag
