#include "network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <cerrno>
#include <new>
#include <system_error>
#include <thread>

#include "proc_file.h"

namespace sockdiag {
namespace {

constexpr char kHere[] = "/proc/thread-self/ns/net";

// Which file it is: of a namespace, the inode number is its own, and the device that of all namespaces.
struct Identity {
  uint64_t inode = 0;
  uint64_t device = 0;

  bool operator==(const Identity& other) const { return inode == other.inode && device == other.device; }
};

// All 0 where there is no /proc that could tell it.
Identity Here() {
  struct stat facts {};
  if (stat(kHere, &facts) != 0) return {};
  return {facts.st_ino, facts.st_dev};
}

// That it is not known must not be taken for another one.
Identity IdentityOf(int file) {
  struct stat facts {};
  if (fstat(file, &facts) != 0) throw SystemError{"fstat", errno};
  return {facts.st_ino, facts.st_dev};
}

// A thread that has entered another namespace cannot be trusted with anything else: so one is made for this.
uint64_t RunOnThread(int file, const std::function<void()>& action) {
  uint64_t inode = 0;
  SystemError failure{nullptr, 0};
  try {
    std::thread([&] {
      try {
        if (setns(file, CLONE_NEWNET) != 0) throw SystemError{"setns", errno};
        action();
        // Where the thread is, and not what the file said: that could be a pidfd, which leads there as well.
        inode = Here().inode;
      } catch (const SystemError& error) {
        failure = error;
      } catch (const std::bad_alloc&) {
        failure = {"malloc", ENOMEM};  // untested: which of the tests without memory comes here, changes
      }
    }).join();
  } catch (const std::system_error& error) {
    throw SystemError{"pthread_create", error.code().value()};
  }
  if (failure.syscall != nullptr) throw SystemError{failure};
  return inode;
}

}  // namespace

uint64_t RunInside(const NetworkNamespace& netns, const std::function<void()>& action) {
  // Without O_NONBLOCK, a FIFO would be waited for until somebody writes to it.
  const Descriptor file(AT_FDCWD, netns.path.c_str(), O_RDONLY | O_NONBLOCK);
  const Identity there = IdentityOf(file);
  // Its process has ended and another has the pid now, or its mount is gone and the file below it is seen.
  if (netns.inode != 0 && netns.inode != there.inode) throw SystemError{"open", ESTALE};
  if (!(there == Here())) return RunOnThread(file, action);
  action();
  return there.inode;
}

}  // namespace sockdiag
