// Preloaded into a program, it has chosen system calls of the addon fail, or holds them up: the first, the second, the
// n-th of a name. What Node itself calls is left alone, but for what its `fs` does below /proc. The program chooses by a
// file that both have mapped; `control.mjs` is the other side.
#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <time.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>

namespace {

enum Action : uint32_t { kCount, kFail, kHold };

struct Control {
  char name[32];
  std::atomic<uint32_t> action;
  std::atomic<uint32_t> at;       // which call it is, from 1
  std::atomic<uint32_t> lasting;  // and all that follow
  std::atomic<uint32_t> error;
  std::atomic<uint32_t> count;     // of those made
  std::atomic<uint32_t> reached;   // it is held up now
  std::atomic<uint32_t> released;  // it may go on
  std::atomic<uint32_t> limit;     // and goes on after so many milliseconds
  std::atomic<int32_t> clock;      // seconds that the clock on the wall is ahead
};

Control* control = nullptr;

// Where a library lies.
struct Range {
  const char* name;
  uintptr_t start;
  uintptr_t end;
};

Range addon{"/sockdiag.node", 0, 0};
Range library{"/libstdc++.so", 0, 0};

bool IsIn(const Range& range, const void* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  return at >= range.start && at < range.end;
}

int Note(dl_phdr_info* info, size_t, void*) {
  for (Range* range : {&addon, &library}) {
    if (strstr(info->dlpi_name, range->name) == nullptr) continue;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const auto& part = info->dlpi_phdr[i];
      if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
      range->start = info->dlpi_addr + part.p_vaddr;
      range->end = range->start + part.p_memsz;
    }
  }
  return 0;
}

// Called by the addon itself, or by the C++ library for it.
bool IsAddons(const void* caller) {
  if (addon.end == 0) dl_iterate_phdr(Note, nullptr);
  if (!IsIn(library, caller)) return IsIn(addon, caller);
  void* frames[12];
  const int count = backtrace(frames, 12);
  int i = 0;
  while (i < count && !IsIn(library, frames[i])) ++i;
  while (i < count && IsIn(library, frames[i])) ++i;
  return i < count && IsIn(addon, frames[i]);
}

bool IsChosen(const char* name) { return control != nullptr && strcmp(control->name, name) == 0; }

// Whether the call is to fail, with errno set.
bool Strike() {
  const uint32_t number = ++control->count;
  const bool is_it = number == control->at || (control->lasting != 0 && number > control->at);
  if (!is_it || control->action == kCount) return false;
  if (control->action == kFail) {
    errno = static_cast<int>(control->error);
    return true;
  }
  control->reached = 1;
  for (uint32_t i = 0; i < control->limit && control->released == 0; ++i) usleep(1000);
  return false;
}

bool Fails(const char* name, const void* caller) { return IsChosen(name) && IsAddons(caller) && Strike(); }

bool IsOfProc(const char* path) { return strncmp(path, "/proc", 5) == 0; }

// Of Node's own fs.
bool FailsInNode(const char* name, const char* path) { return IsChosen(name) && IsOfProc(path) && Strike(); }

__attribute__((constructor)) void Begin() {
  void* frames[1];
  backtrace(frames, 1);  // the first call allocates
  const char* path = getenv("SOCKDIAG_FAULTS");
  if (path == nullptr) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  void* memory = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (file >= 0 && memory != MAP_FAILED) control = static_cast<Control*>(memory);
}

// The C library's own.
template <typename Function>
Function* Real(const char* name, Function*) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// What answers 0 for an error of 0, and else -1.
int Answer() { return errno == 0 ? 0 : -1; }

}  // namespace

#define CALLER __builtin_return_address(0)
#define PASS(name, ...)                            \
  static const auto real = Real(#name, name##Function{}); \
  return real(__VA_ARGS__)

// A function that fails like most: (result, name, parameters in parentheses, arguments...).
#define STRIKE(result, name, parameters, ...)      \
  using name##Function = result(*) parameters;           \
  extern "C" result name parameters {              \
    if (Fails(#name, CALLER)) return Answer();     \
    PASS(name, __VA_ARGS__);                       \
  }

STRIKE(int, socket, (int a, int b, int c), a, b, c)
STRIKE(int, setsockopt, (int a, int b, int c, const void* d, socklen_t e), a, b, c, d, e)
STRIKE(int, getsockopt, (int a, int b, int c, void* d, socklen_t* e), a, b, c, d, e)
STRIKE(int, bind, (int a, const sockaddr* b, socklen_t c), a, b, c)
STRIKE(int, connect, (int a, const sockaddr* b, socklen_t c), a, b, c)
STRIKE(int, getsockname, (int a, sockaddr* b, socklen_t* c), a, b, c)
STRIKE(ssize_t, sendto, (int a, const void* b, size_t c, int d, const sockaddr* e, socklen_t f), a, b, c, d, e, f)
STRIKE(ssize_t, recvmsg, (int a, msghdr* b, int c), a, b, c)
STRIKE(ssize_t, recv, (int a, void* b, size_t c, int d), a, b, c, d)
STRIKE(int, eventfd, (unsigned int a, int b), a, b)
STRIKE(int, poll, (pollfd* a, nfds_t b, int c), a, b, c)
STRIKE(int, setns, (int a, int b), a, b)
STRIKE(ssize_t, write, (int a, const void* b, size_t c), a, b, c)
STRIKE(ssize_t, read, (int a, void* b, size_t c), a, b, c)
STRIKE(ssize_t, readlinkat, (int a, const char* b, char* c, size_t d), a, b, c, d)
STRIKE(int, fstat64, (int a, struct stat64* b), a, b)
STRIKE(int, stat64, (const char* a, struct stat64* b), a, b)
STRIKE(int, fstatfs64, (int a, struct statfs64* b), a, b)

using openat64Function = int (*)(int, const char*, int, ...);
extern "C" int openat64(int directory, const char* path, int flags, ...) {
  if (Fails("openat", CALLER)) return -1;
  PASS(openat64, directory, path, flags, 0);
}

// The addon makes by it what the C library has no function for, or has not had for long.
const char* NameOf(long number) {
  switch (number) {
    case SYS_getdents64:
      return "getdents64";
    case SYS_bpf:
      return "bpf";
    default:
      return "";
  }
}

using syscallFunction = long (*)(long, ...);
extern "C" long syscall(long number, ...) {
  if (Fails(NameOf(number), CALLER)) return -1;
  va_list list;
  va_start(list, number);
  long more[6];
  for (long& each : more) each = va_arg(list, long);
  va_end(list);
  PASS(syscall, number, more[0], more[1], more[2], more[3], more[4], more[5]);
}

// It answers with the error.
using pthread_createFunction = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
extern "C" int pthread_create(pthread_t* a, const pthread_attr_t* b, void* (*c)(void*), void* d) {
  if (Fails("pthread_create", CALLER)) return errno;
  PASS(pthread_create, a, b, c, d);
}

// The clock on the wall, whoever asks.
using gettimeofdayFunction = int (*)(timeval*, void*);
extern "C" int gettimeofday(timeval* time, void* zone) {
  static const auto real = Real("gettimeofday", gettimeofdayFunction{});
  const int result = real(time, zone);
  if (control != nullptr) time->tv_sec += control->clock;
  return result;
}

using clock_gettimeFunction = int (*)(clockid_t, timespec*);
extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = Real("clock_gettime", clock_gettimeFunction{});
  const int result = real(clock, time);
  const bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (is_wall && control != nullptr) time->tv_sec += control->clock;
  return result;
}

// What Node's fs makes of readlink, readdir and readFile.
using readlinkFunction = ssize_t (*)(const char*, char*, size_t);
extern "C" ssize_t readlink(const char* path, char* into, size_t room) {
  if (FailsInNode("fs.readlink", path)) return -1;
  PASS(readlink, path, into, room);
}

using Choose = int (*)(const dirent64*);
using Compare = int (*)(const dirent64**, const dirent64**);
using scandir64Function = int (*)(const char*, dirent64***, Choose, Compare);
extern "C" int scandir64(const char* path, dirent64*** list, Choose choose, Compare compare) {
  if (FailsInNode("fs.readdir", path)) return -1;
  PASS(scandir64, path, list, choose, compare);
}

using open64Function = int (*)(const char*, int, ...);
extern "C" int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const auto mode = va_arg(list, unsigned int);
  va_end(list);
  if (FailsInNode("fs.open", path)) return -1;
  PASS(open64, path, flags, mode);
}

static void* Allocate(size_t size, const void* caller) {
  if (IsChosen("new") && IsAddons(caller) && Strike()) throw std::bad_alloc();
  if (void* memory = malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

void* operator new(size_t size) { return Allocate(size, CALLER); }
void* operator new[](size_t size) { return Allocate(size, CALLER); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
