// Which processes hold which sockets: by a program that the kernel runs, where that is wished for and may be;
// else by one walk over /proc/PID/fd/*, on the thread that it is called from and on one more, since nearly
// all of its time goes into the kernel, which serves both.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "owners.h"

namespace sockdiag {

class SocketOwners {
 public:
  // Only these processes, and only these sockets; all where there are none. Whether a program may be loaded
  // into the kernel to ask for all processes.
  SocketOwners(std::vector<uint32_t> pids, std::vector<uint32_t> inodes, bool bpf);

  // Throws a SystemError where /proc cannot be read; ENOENT too where something else is mounted there, or
  // nothing.
  Owners Walk();

  // Makes a Walk end soon, whose answer is then worth nothing. From any thread.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  bool IsCancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  bool IsWanted(uint32_t inode) const;
  std::optional<Owners> AskKernel(int proc) const;
  std::vector<uint32_t> PidsIn(int proc) const;
  std::vector<Owners> VisitAll(int proc, const std::vector<uint32_t>& pids);
  void Visit(int proc, uint32_t pid, Owners* owners);
  void ReadProcess(int process, uint32_t pid, Owners* owners);
  bool ReadDescriptors(int process, const char* name, std::vector<Holding>* holdings);
  void ReadThreads(int process, std::vector<Holding>* holdings);
  void AddIfSocket(const char* target, uint32_t descriptor, std::vector<Holding>* holdings) const;

  std::vector<uint32_t> pids_;
  std::vector<uint32_t> inodes_;
  bool bpf_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace sockdiag
