#include "line_walker.h"

#include <cstring>

namespace sockdiag {
namespace {

bool IsBlank(uint8_t byte) { return byte == ' ' || byte == '\t'; }
bool IsDecimal(uint8_t byte) { return byte >= '0' && byte <= '9'; }
bool IsHexadecimal(uint8_t byte) {
  return IsDecimal(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}
bool IsWord(uint8_t byte) { return !IsBlank(byte) && byte != ':'; }

// What stands for one byte or more of a kind, in a pattern.
using Kind = bool (*)(uint8_t);
Kind KindOf(char letter) {
  switch (letter) {
    case ' ':
      return IsBlank;
    case 'd':
      return IsDecimal;
    case '*':
      return IsWord;
    default:
      return nullptr;
  }
}

bool IsStart(const uint8_t* line, const uint8_t* end, const std::string& start) {
  for (const char letter : start) {
    if (line == end) return false;
    if (const Kind is_of_kind = KindOf(letter)) {
      const uint8_t* first = line;
      while (line != end && is_of_kind(*line)) ++line;
      if (line == first) return false;
    } else {
      if (letter == 'x' ? !IsHexadecimal(*line) : *line != static_cast<uint8_t>(letter)) return false;
      ++line;
    }
  }
  return line == end || IsBlank(*line);
}

struct Record {
  size_t start = 0;
  size_t end = 0;
  bool closed = false;  // by a line break
};

// Where there is no room for it, nothing is added.
bool Add(const Record& record, Index& index) {
  const size_t size = index.size();
  const size_t records = index.records();
  if (index.AddRecord(record.start) && (!record.closed || index.AddAttribute(record.end))) return true;
  // untested: in a run in which no batch of lines is full just there
  index.Rewind(size, records);
  return false;
}

}  // namespace

size_t WalkLines(const Text& text, const std::string& start, Index& index) {
  Record record;
  bool is_begun = false;
  bool is_header = text.first;
  size_t at = 0;
  while (at < text.size) {
    const auto* line = text.bytes + at;
    const auto* found = static_cast<const uint8_t*>(std::memchr(line, '\n', text.size - at));
    if (found == nullptr && !text.last) break;
    const uint8_t* end = found == nullptr ? text.bytes + text.size : found;
    // What follows the header is a record, or is to be refused by whoever reads it.
    const bool begins = !is_begun || start.empty() || is_header || IsStart(line, end, start);
    if (begins && is_begun) {
      if (!Add(record, index)) return record.start;
      is_header = false;
    }
    if (begins) record.start = at;
    is_begun = true;
    record.end = static_cast<size_t>(end - text.bytes);
    record.closed = found != nullptr;
    at = record.end + (record.closed ? 1 : 0);
  }
  if (!is_begun) return 0;
  const bool is_whole = text.last || start.empty() || is_header;
  return is_whole && Add(record, index) ? at : record.start;
}

}  // namespace sockdiag
