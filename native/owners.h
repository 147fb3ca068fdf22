// Which processes hold which sockets, in columns.
#pragma once

#include <cstdint>
#include <string>
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
  bool by_bpf = false;    // a program in the kernel has told of them
};

// Puts what was found of one process behind that of others.
void Append(Owners part, Owners* owners);

// Those of one socket stay in their order.
void SortByInode(std::vector<Holding>* holdings);

}  // namespace sockdiag
