#include "socket_owners.h"

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

#include <linux/magic.h>

#include "bpf_iterator.h"
#include "owners_by_bpf.h"
#include "proc_file.h"
#include "system_error.h"

namespace sockdiag {
namespace {

constexpr char kSocket[] = "socket:[";
constexpr size_t kSocketSize = sizeof kSocket - 1;

// Enough for a socket's link; what is longer is another's.
constexpr size_t kLinkRoom = 32;

void SortOut(std::vector<uint32_t>* numbers) {
  std::sort(numbers->begin(), numbers->end());
  numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
}

// What is mounted there instead may have any names in it, or none.
void CheckFileSystem(int proc) {
  struct statfs status {};
  if (fstatfs(proc, &status) != 0) throw SystemError{"fstatfs", errno};
  if (status.f_type != PROC_SUPER_MAGIC) throw SystemError{"fstatfs", ENOENT};
}

// The kernel's own pid namespace has this inode number everywhere (PROC_PID_INIT_INO).
constexpr char kFirstPidNamespace[] = "pid:[4026531836]";

// As has the first time namespace (PROC_TIME_INIT_INO).
constexpr char kFirstTimeNamespace[] = "time:[4026531834]";

// Whether numbers and times of processes are for this one what they are for the kernel. Before Linux 5.6
// there are no namespaces of time.
bool SeesAsKernel(int proc) {
  if (ReadLink(proc, "self/ns/pid") != kFirstPidNamespace) return false;
  const std::string time = ReadLink(proc, "self/ns/time");
  return time.empty() || time == kFirstTimeNamespace;
}

// Whether there may be processes that are not listed. /proc has those of one pid namespace, with all inside
// that; and mounted with hidepid, it shows to each only whom it might trace, or shows all to a group. That is
// decided for each process, and process 1 has as many privileges as any: whoever is shown that is shown all.
bool MayHideProcesses(int proc) {
  if (ReadLink(proc, "self/ns/pid") != kFirstPidNamespace) return true;
  try {
    const Descriptor first(proc, "1/comm", O_PATH);
    return false;
  } catch (const SystemError& error) {
    // With `hidepid=noaccess` it is listed, though nothing in it can be found.
    if (IsDenial(error)) return false;
    if (IsAbsence(error)) return true;
    throw;
  }
}

// The name of a command may hold anything, line breaks too.
std::string ReadComm(int process) {
  std::string comm = ReadRecord(process, "comm");
  if (!comm.empty()) comm.pop_back();
  return comm;
}

// Field 22. The second is the name of the command in parentheses, and may itself hold some.
uint64_t ReadStartTime(int process) {
  const std::string stat = ReadRecord(process, "stat");
  size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  uint64_t time = 0;
  if (at == std::string::npos || !ParseNumber(stat.c_str() + at + 1, ' ', &time))
    throw SystemError{"read", EBADMSG};  // untested: no kernel is known to write so
  return time;
}

void CheckHasNotEnded(int process) { const Descriptor any(process, "stat", O_PATH); }

// What is in /proc by its number may also be a thread that is not the first of its process: it is not listed.
bool IsProcess(int process, uint32_t pid) {
  const std::string status = ReadRecord(process, "status");
  return status.find("\nTgid:\t" + std::to_string(pid) + '\n') != std::string::npos;
}

// Does the same here and on another thread, and throws what either of them does. Where there can be no other,
// it is done here alone.
void DoTwice(const std::function<void()>& work) {
  std::exception_ptr failure;
  std::thread other;
  try {
    other = std::thread([&] {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
    });
  } catch (const std::system_error&) {
    // There are too many threads already.
  }
  try {
    work();
  } catch (...) {  // untested: chance decides which of the two fails first
    if (other.joinable()) other.join();
    throw;
  }
  if (other.joinable()) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

SocketOwners::SocketOwners(std::vector<uint32_t> pids, std::vector<uint32_t> inodes, bool bpf)
    : pids_(std::move(pids)), inodes_(std::move(inodes)), bpf_(bpf) {
  SortOut(&pids_);
  SortOut(&inodes_);
}

Owners SocketOwners::Walk() {
  const Descriptor proc(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  CheckFileSystem(proc);
  // Few processes are read sooner by themselves.
  if (bpf_ && pids_.empty() && MayLoadPrograms() && SeesAsKernel(proc)) {
    if (std::optional<Owners> told = AskKernel(proc)) return *std::move(told);
  }
  Owners owners;
  owners.hidden = MayHideProcesses(proc);
  for (Owners& part : VisitAll(proc, PidsIn(proc))) Append(std::move(part), &owners);
  SortByInode(&owners.holdings);
  return owners;
}

// Nothing where the kernel refuses, for whatever reason: /proc is there for all of them.
std::optional<Owners> SocketOwners::AskKernel(int proc) const {
  try {
    Owners owners =
        OwnersByBpf([&](uint32_t inode) { return IsWanted(inode); }, [&] { return IsCancelled(); });
    owners.read = static_cast<uint32_t>(PidsIn(proc).size());
    return owners;
  } catch (const SystemError&) {
    return std::nullopt;
  }
}

std::vector<uint32_t> SocketOwners::PidsIn(int proc) const {
  if (!pids_.empty()) return pids_;
  std::vector<uint32_t> pids;
  ListNumbers(proc, [&](const char*, uint32_t pid) {
    pids.push_back(pid);
    return !IsCancelled();
  });
  return pids;
}

// Of each process by itself, so that their order is kept. Each thread takes the next one that nobody has
// taken.
std::vector<Owners> SocketOwners::VisitAll(int proc, const std::vector<uint32_t>& pids) {
  std::vector<Owners> parts(pids.size());
  std::atomic<size_t> next{0};
  const auto visit_some = [&] {
    try {
      for (size_t i = next++; i < pids.size() && !IsCancelled(); i = next++) Visit(proc, pids[i], &parts[i]);
    } catch (...) {
      next = pids.size();
      throw;
    }
  };
  if (pids.size() > 1)
    DoTwice(visit_some);
  else
    visit_some();
  return parts;
}

// The descriptor of /proc/PID stands for this very process: once that has ended, nothing is found below it,
// and nothing of another that has got the same pid since. So all that is told of a process is read below it.
void SocketOwners::Visit(int proc, uint32_t pid, Owners* owners) {
  try {
    const Descriptor process(proc, std::to_string(pid).c_str(), O_PATH | O_DIRECTORY);
    try {
      ReadProcess(process, pid, owners);
      ++owners->read;
    } catch (const SystemError& error) {
      owners->holdings.clear();
      // The links of a process that has just ended are denied, whoever asks.
      if (IsDenial(error)) CheckHasNotEnded(process);
      throw;
    }
  } catch (const SystemError& error) {
    if (IsAbsence(error))
      ++owners->vanished;
    else if (IsDenial(error))
      ++owners->denied;
    else
      throw;
  }
}

void SocketOwners::ReadProcess(int process, uint32_t pid, Owners* owners) {
  if (!pids_.empty() && !IsProcess(process, pid)) throw SystemError{"open", ESRCH};
  if (!ReadDescriptors(process, "fd", &owners->holdings)) ReadThreads(process, &owners->holdings);
  if (owners->holdings.empty()) return;
  owners->holders.push_back({pid, ReadStartTime(process), ReadComm(process)});
}

// Whether there is any, of whatever kind.
bool SocketOwners::ReadDescriptors(int process, const char* name, std::vector<Holding>* holdings) {
  const Descriptor directory(process, name, O_RDONLY | O_DIRECTORY);
  bool found = false;
  ListNumbers(directory, [&](const char* link, uint32_t descriptor) {
    found = true;
    char target[kLinkRoom] = {};
    // It may have been closed in between, or be a file at the end of too long a path.
    if (readlinkat(directory, link, target, sizeof target - 1) >= 0)
      AddIfSocket(target, descriptor, holdings);
    else if (errno != ENOENT && errno != ENAMETOOLONG)
      throw SystemError{"readlink", errno};
    return !IsCancelled();
  });
  return found;
}

// The first thread of a process may have ended while others live on: they all have the same descriptors, but
// it has none any more.
void SocketOwners::ReadThreads(int process, std::vector<Holding>* holdings) {
  const Descriptor tasks(process, "task", O_RDONLY | O_DIRECTORY);
  bool first = true;
  ListNumbers(tasks, [&](const char* name, uint32_t) {
    if (std::exchange(first, false)) return true;
    try {
      return !ReadDescriptors(Descriptor(tasks, name, O_PATH | O_DIRECTORY), "fd", holdings);
    } catch (const SystemError& error) {  // untested: for a thread that ends just then
      if (!IsAbsence(error)) throw;
      holdings->clear();
      return true;
    }
  });
}

void SocketOwners::AddIfSocket(const char* target, uint32_t descriptor,
                               std::vector<Holding>* holdings) const {
  uint64_t number = 0;
  if (std::memcmp(target, kSocket, kSocketSize) != 0 || !ParseNumber(target + kSocketSize, ']', &number))
    return;
  // The records of dumps carry so many bits of it, and the kernel gives out no more.
  const auto inode = static_cast<uint32_t>(number);
  if (IsWanted(inode)) holdings->push_back({inode, 0, descriptor});
}

bool SocketOwners::IsWanted(uint32_t inode) const {
  return inodes_.empty() || std::binary_search(inodes_.begin(), inodes_.end(), inode);
}

}  // namespace sockdiag
