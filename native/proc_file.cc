#include "proc_file.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace sockdiag {
namespace {

// Of linux_dirent64.
constexpr size_t kLengthOffset = 16;
constexpr size_t kNameOffset = 19;

constexpr size_t kRecordSize = 4096;

}  // namespace

bool IsAbsence(const SystemError& error) { return error.error == ENOENT || error.error == ESRCH; }

bool IsDenial(const SystemError& error) { return error.error == EACCES || error.error == EPERM; }

Descriptor::Descriptor(int directory, const char* name, int flags)
    : number_(openat(directory, name, flags | O_CLOEXEC)) {
  if (number_ < 0) throw SystemError{"open", errno};
}

Descriptor::~Descriptor() { close(number_); }

std::string ReadRecord(int directory, const char* name) {
  const Descriptor file(directory, name, O_RDONLY);
  char record[kRecordSize];
  ssize_t size = 0;
  do {
    size = read(file, record, sizeof record);
  } while (size < 0 && errno == EINTR);
  if (size < 0) throw SystemError{"read", errno};
  return {record, static_cast<size_t>(size)};
}

std::string ReadLink(int directory, const char* name) {
  char target[256];
  const ssize_t size = readlinkat(directory, name, target, sizeof target);
  return size < 0 ? std::string() : std::string(target, static_cast<size_t>(size));
}

bool ParseNumber(const char* text, char end, uint64_t* number) {
  if (*text < '0' || *text > '9') return false;
  *number = 0;
  for (; *text >= '0' && *text <= '9'; ++text) *number = *number * 10 + static_cast<uint64_t>(*text - '0');
  return *text == end;
}

size_t ReadEntries(int directory, char* buffer, size_t room) {
  // The C library has a function for this only since glibc 2.30.
  const int64_t size = syscall(SYS_getdents64, directory, buffer, room);
  if (size < 0) throw SystemError{"getdents64", errno};
  return static_cast<size_t>(size);
}

size_t EntryLength(const char* entry) {
  uint16_t length = 0;
  std::memcpy(&length, entry + kLengthOffset, sizeof length);
  return length;
}

const char* EntryName(const char* entry) { return entry + kNameOffset; }

}  // namespace sockdiag
