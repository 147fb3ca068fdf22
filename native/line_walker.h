// Finds the records in text. Pure: no system calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "message_walker.h"

namespace sockdiag {

// A piece of a file.
struct Text {
  const uint8_t* bytes;
  size_t size;
  bool first;  // the file starts with it
  bool last;   // and ends with it
};

// A record is a line. But where one may hold a line break, as in a name, it goes on up to the next line that
// starts as a record does: `start` says how. In it `x` is one hexadecimal digit, `d` some decimal ones, `*`
// some bytes that are neither blanks nor colons, a blank some blanks, and all else itself; and a blank, or
// the line's end, must stand behind. The first line of a file is a header, and ends with its line.
//
// Puts a row into the index for each record that is whole: where it starts, and as if it were an attribute,
// where its last line's end is. The last record of a file that ends without a line break has none. Answers
// how many bytes they are.
size_t WalkLines(const Text& text, const std::string& start, Index& index);

}  // namespace sockdiag
