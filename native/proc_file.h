// Files and directories of /proc, read with as few system calls as can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "system_error.h"

namespace sockdiag {

// Whether what an error tells is that something is not there any more.
bool IsAbsence(const SystemError& error);

// Whether it tells that something may not be read.
bool IsDenial(const SystemError& error);

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  // Opens what `name` is below the directory. Throws a SystemError.
  Descriptor(int directory, const char* name, int flags);
  // One that is open.
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  operator int() const { return number_; }  // NOLINT(google-explicit-constructor)

 private:
  int number_;
};

// All of a file that holds one record of no more than 4 KiB, in a single read. Throws a SystemError.
std::string ReadRecord(int directory, const char* name);

// The text of a link, or nothing if it cannot be read.
std::string ReadLink(int directory, const char* name);

// Takes the number that a text starts with, if it does and `end` stands behind.
bool ParseNumber(const char* text, char end, uint64_t* number);

// Of a directory, reads the next entries, as many as there is room for; 0 at the end. Throws a SystemError.
size_t ReadEntries(int directory, char* buffer, size_t room);

// Of the entry that lies there.
size_t EntryLength(const char* entry);
const char* EntryName(const char* entry);

// Some hundred entries. For each the kernel makes what a link is looked up by, which should still be in the
// processor's caches when that is done: eight times the size makes a walk a seventh slower.
inline constexpr size_t kEntriesSize = 1 << 13;

// Calls `take(name, number)` for each name in a directory that is a number, until it answers false: so are
// all that /proc lists of processes, threads and descriptors. Throws a SystemError.
template <typename Take>
void ListNumbers(int directory, Take take) {
  char entries[kEntriesSize];
  while (const size_t size = ReadEntries(directory, entries, sizeof entries)) {
    for (size_t at = 0; at < size; at += EntryLength(entries + at)) {
      const char* name = EntryName(entries + at);
      uint64_t number = 0;
      if (ParseNumber(name, '\0', &number) && !take(name, static_cast<uint32_t>(number))) return;
    }
  }
}

}  // namespace sockdiag
