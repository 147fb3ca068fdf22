// The line walker: a text that comes in pieces, cut anywhere, must have the records that it has as a whole.
// An input begins with three bytes, which say how a record starts, how many find room in an index, and how
// many lengths of pieces follow, a byte each; the text is the rest.
#include "line_walker.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "promise.h"

namespace {

using fuzz::Choices;
using fuzz::Require;
using sockdiag::Index;
using sockdiag::Text;
using sockdiag::WalkLines;

// The second is that of /proc/net/unix. In none of them a part may end in more than one place.
const std::array<std::string, 6> kStarts = {
    "", "*: xxxxxxxx xxxxxxxx xxxxxxxx xxxx xx d", "*: xx d", "d", "x* d", "*"};

struct Record {
  std::string text;
  bool is_closed;

  bool operator==(const Record& other) const { return text == other.text && is_closed == other.is_closed; }
};

// The rows lie one behind the other, without a byte between them that belongs to none.
void TakeRows(const std::string& bytes, const uint32_t* words, const Index& index, size_t taken,
              std::vector<Record>& records) {
  size_t next = 0;
  size_t row = 0;
  for (size_t count = 0; count < index.records(); ++count) {
    Require(index.size() - row >= 2 && words[row + 1] <= 1, "a row is in the index");
    const bool is_closed = words[row + 1] == 1;
    Require(words[row] == next, "a record starts where the last one ended");
    const size_t end = is_closed ? words[row + 2] : taken;
    Require(end >= next && end <= bytes.size(), "a record ends inside");
    Require(!is_closed || (end < bytes.size() && bytes[end] == '\n'), "a line break ends it");
    records.push_back({bytes.substr(next, end - next), is_closed});
    next = is_closed ? end + 1 : end;
    row += 2 + words[row + 1];
  }
  Require(row == index.size(), "there are as many rows as records");
  Require(next == taken, "what is taken is what they are");
}

struct Way {
  std::string start;
  std::vector<uint8_t> pieces;  // their lengths, over and over; none for all at once
  size_t rows;
};

std::vector<Record> Read(const std::string& file, const Way& way) {
  std::vector<Record> records;
  std::string rest;
  size_t at = 0;
  bool is_first = true;
  for (size_t piece = 0;; ++piece) {
    const size_t length =
        way.pieces.empty() ? file.size() : way.pieces[piece % way.pieces.size()] + size_t{1};
    const size_t size = std::min(length, file.size() - at);
    const std::string bytes = rest + file.substr(at, size);
    at += size;
    const bool is_last = at == file.size();
    const std::unique_ptr<uint8_t[]> memory(new uint8_t[bytes.size()]);
    std::memcpy(memory.get(), bytes.data(), bytes.size());
    const std::unique_ptr<uint32_t[]> words(new uint32_t[3 * way.rows]);
    Index index(words.get(), 3 * way.rows);
    const size_t taken = WalkLines(Text{memory.get(), bytes.size(), is_first, is_last}, way.start, index);
    Require(taken <= bytes.size(), "no more is taken than there is");
    TakeRows(bytes, words.get(), index, taken, records);
    if (index.records() > 0) is_first = false;
    rest = bytes.substr(taken);
    if (!is_last) continue;
    Require(rest.empty() || taken > 0, "at the end of a file all is taken, or room is missing");
    if (rest.empty()) return records;
  }
}

bool IsBlank(char byte) { return byte == ' ' || byte == '\t'; }

bool IsOfKind(char letter, char byte) {
  if (letter == ' ') return IsBlank(byte);
  if (letter == 'd') return byte >= '0' && byte <= '9';
  if (letter == '*') return !IsBlank(byte) && byte != ':';
  if (letter == 'x') return std::isxdigit(static_cast<unsigned char>(byte)) != 0;
  return letter == byte;
}

// As line_walker.h says it, in whatever way the line can be divided.
bool IsStart(const char* start, const std::string& line, size_t at) {
  if (*start == 0) return at == line.size() || IsBlank(line[at]);
  if (at == line.size() || !IsOfKind(*start, line[at])) return false;
  const bool is_some = *start == ' ' || *start == 'd' || *start == '*';
  return IsStart(start + 1, line, at + 1) || (is_some && IsStart(start, line, at + 1));
}

// Each line of a file begins a record, or goes on with the last one.
void CheckLines(const std::vector<Record>& records, const std::string& start) {
  for (size_t i = 0; i < records.size(); ++i) {
    std::istringstream text(records[i].text);
    std::string line;
    for (size_t number = 0; std::getline(text, line); ++number) {
      const bool is_start = IsStart(start.c_str(), line, 0);
      Require(number == 0 || (i > 0 && !start.empty()), "a header is a line, and so is a record if all are");
      Require(number > 0 || i < 2 || start.empty() || is_start, "a record starts as it must");
      Require(number == 0 || !is_start, "what starts so is a record");
    }
  }
}

void CheckWhole(const std::string& file, const std::vector<Record>& records) {
  std::string again;
  for (const Record& record : records) again += record.text + (record.is_closed ? "\n" : "");
  Require(again == file, "no byte of a file is lost");
  for (size_t i = 0; i + 1 < records.size(); ++i)
    Require(records[i].is_closed, "only the last can be cut off");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  Way way;
  way.start = kStarts[choices.Byte() % kStarts.size()];
  way.rows = 1 + choices.Byte() % 8;
  way.pieces.resize(1 + choices.Byte() % 8);
  for (uint8_t& length : way.pieces) length = choices.Byte();
  const std::string file(reinterpret_cast<const char*>(choices.data()), choices.size());
  const std::vector<Record> whole = Read(file, {way.start, {}, file.size() + 1});
  CheckWhole(file, whole);
  CheckLines(whole, way.start);
  Require(Read(file, way) == whole, "a text in pieces has the records of the whole");
  return 0;
}
