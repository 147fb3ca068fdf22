// The line walker's own tests: one line for each promise, and a random search in which text that comes in
// pieces must give the records that it gives as a whole. Built with sanitizers and run by
// test/native.test.ts.
#include "line_walker.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.h"

namespace {

using sockdiag::Index;
using sockdiag::WalkLines;

const std::string kStart = "*: xxxx x d";

// The records of a file that is read in pieces of some size, with a `!` behind one that no line break ends.
// Memory is as large as the text, so that a sanitizer sees what is read beyond it.
std::vector<std::string> Read(const std::string& file, const std::string& start, size_t piece, size_t rows) {
  std::vector<std::string> records;
  std::vector<uint32_t> words(3 * rows);
  std::string rest;
  size_t at = 0;
  bool first = true;
  while (true) {
    const size_t size = std::min(piece, file.size() - at);
    const std::string bytes = rest + file.substr(at, size);
    at += size;
    const std::vector<uint8_t> memory(bytes.begin(), bytes.end());
    Index index(words.data(), words.size());
    const bool last = at == file.size();
    const size_t taken = WalkLines({memory.data(), memory.size(), first, last}, start, index);
    for (size_t row = 0; row < index.size(); row += 2 + words[row + 1]) {
      const bool closed = words[row + 1] == 1;
      const size_t end = closed ? words[row + 2] : taken;
      records.push_back(bytes.substr(words[row], end - words[row]) + (closed ? "" : "!"));
    }
    if (index.records() > 0) first = false;
    rest = bytes.substr(taken);
    if (last && rest.empty()) return records;
    if (last && taken == 0) return records;
  }
}

std::vector<std::string> ReadWhole(const std::string& file, const std::string& start) {
  return Read(file, start, file.size() + 1, file.size() + 1);
}

using Records = std::vector<std::string>;

void TestLines() {
  Check(ReadWhole("", "").empty(), "an empty file has no records");
  Check(ReadWhole("a\nb\n", "") == Records{"a", "b"}, "a line is a record");
  Check(ReadWhole("a\n\nb", "") == Records{"a", "", "b!"}, "a line may be empty, and the last one cut off");
  Check(ReadWhole("a", "") == Records{"a!"}, "a header may be cut off");
}

void TestStarts() {
  const std::string line = "0f: 00aB 1 12";
  Check(ReadWhole("head\n" + line + " x\n" + line + "\n", kStart) == Records{"head", line + " x", line},
        "a line that starts as a record is one");
  Check(ReadWhole("head\n" + line + " x\ny\n\nz\n" + line + "\n", kStart) ==
            Records{"head", line + " x\ny\n\nz", line},
        "other lines belong to the record before them");
  Check(ReadWhole("head\nwhat\n" + line + "\n", kStart) == Records{"head", "what", line},
        "but not to the header");
  Check(ReadWhole("head\n" + line + " x\ny", kStart) == Records{"head", line + " x\ny!"},
        "a record that goes on may be cut off");
  for (const char* other : {"0f: 00aB 1 ", "0f: 00aB 1", ": 00aB 1 12", "0f 00aB 1 12", "0f: 00aB 1 x",
                            "0f: 00aG 1 12", "0f: 0aB 1 12", "0f: 00aB 1 12x", "", "0f: 00aB1 12"}) {
    const std::string text = "head\n" + line + "\n" + other + "\n";
    Check(ReadWhole(text, kStart) == Records{"head", line + "\n" + other}, std::string("no start: ") + other);
  }
  Check(ReadWhole("head\n" + line + "\n0f:\t00aB   1 9 \n", kStart) ==
            Records{"head", line, "0f:\t00aB   1 9 "},
        "a blank stands for some");
}

void TestRoom() {
  const std::string file = "head\na\nb\nc\nd\n";
  Check(Read(file, "", file.size() + 1, 1) == ReadWhole(file, ""),
        "what finds no room comes with the next walk");
}

// Text with many of the bytes that matter.
std::string RandomText(std::mt19937& random) {
  static const std::vector<std::string> kParts = {
      "\n", "\n", " ", ":", "0", "a", "z", "12", "\t", "0f: 00aB 1 12", "0f: 00aB 1 12 name", "head"};
  std::string text;
  for (size_t left = random() % 40; left > 0; --left) text += kParts[random() % kParts.size()];
  return text;
}

void TestPieces(uint32_t seed) {
  std::mt19937 random(seed);
  bool same = true;
  for (int round = 0; round < 40000; ++round) {
    const std::string text = RandomText(random);
    const std::string start = random() % 2 == 0 ? "" : kStart;
    const std::vector<std::string> whole = ReadWhole(text, start);
    const size_t piece = 1 + random() % 24;
    const size_t rows = 1 + random() % 4;
    if (Read(text, start, piece, rows) == whole) continue;
    same = false;
    std::printf("in pieces of %zu: \"%s\"\n", piece, text.c_str());
    break;
  }
  Check(same, "text that comes in pieces has the records that it has as a whole");
}

}  // namespace

int main() {
  TestLines();
  TestStarts();
  TestRoom();
  TestPieces(20261125);
  return Report();
}
