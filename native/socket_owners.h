// Which processes hold which sockets: one walk over /proc/PID/fd/*, on whatever thread it is called from.
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
  void WalkAll(int proc);
  void Visit(int proc, const char* name, uint32_t pid);
  void ReadProcess(int process, uint32_t pid);
  bool ReadDescriptors(int process, const char* name);
  void ReadThreads(int process);
  void AddIfSocket(const char* target, uint32_t descriptor);
  void Sort();

  std::vector<uint32_t> pids_;
  std::vector<uint32_t> inodes_;
  std::atomic<bool> cancelled_{false};
  Owners owners_;
};

}  // namespace sockdiag
