// The message walker, with any bytes for a datagram and any expectation of it. An input begins with that:
//
//   flags, family, header length, number of nests    a byte each
//   type, room in the index                          two bytes each
//   sequence, port id                                four bytes each
//   nests                                            four bytes each: parent and number
//
// and the datagram is the rest. test/fuzz/seeds.mjs writes such.
#include "message_walker.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "promise.h"
#include "reply_model.h"

namespace {

using fuzz::Choices;
using fuzz::ReplyModel;
using fuzz::Require;
using sockdiag::Datagram;
using sockdiag::Expectation;
using sockdiag::Fault;
using sockdiag::Index;
using sockdiag::Outcome;
using sockdiag::Walk;

constexpr uint8_t kForeign = 1;
constexpr uint8_t kTruncated = 2;
constexpr uint8_t kAcknowledged = 4;
constexpr uint8_t kCramped = 8;  // there is less room in the index than a datagram may need
constexpr uint8_t kFurther = 16;

constexpr size_t kMostNests = 8;

// What stands in the index already, and must stay there.
constexpr uint32_t kBefore = 0x5eed;
constexpr size_t kBeforeSize = 2;

struct Case {
  Expectation expectation;
  uint8_t flags = 0;
  uint16_t room = 0;

  uint32_t sender() const { return (flags & kForeign) != 0 ? 99 : 0; }
  bool is_truncated() const { return (flags & kTruncated) != 0; }
  bool is_cramped() const { return (flags & kCramped) != 0; }
  size_t base() const { return (flags & kFurther) != 0 ? 0x10000 : 0; }
  size_t RoomFor(size_t bytes) const {
    const size_t most = Index::WordsFor(bytes);
    return is_cramped() ? std::min<size_t>(room, most) : most;
  }
};

void ReadCase(Choices& choices, Case& chosen) {
  Expectation& expectation = chosen.expectation;
  chosen.flags = choices.Byte();
  expectation.acknowledged = (chosen.flags & kAcknowledged) != 0;
  expectation.family = choices.Byte();
  expectation.header_length = choices.Byte();
  const size_t nests = choices.Byte() % (kMostNests + 1);
  expectation.type = choices.Half();
  chosen.room = choices.Half();
  expectation.sequence = choices.Word();
  expectation.port_id = choices.Word();
  expectation.nests.clear();
  for (size_t i = 0; i < nests; ++i) {
    const uint16_t parent = choices.Half();
    expectation.nests.push_back({parent, choices.Half()});
  }
}

void CheckFault(const Walk& walk, const Datagram& datagram) {
  Require(walk.fault != Fault::kNone && walk.fault != Fault::kNoAnswer,
          "a fault is one that a walk can find");
  Require(walk.fault_offset <= datagram.size, "a fault is in the datagram, or at its end");
  Require(walk.text == nullptr && walk.error == 0, "a fault is nothing that the kernel said");
  Require(std::strlen(sockdiag::Describe(walk.fault)) > 0, "a fault has words");
}

void CheckText(const Walk& walk, const Datagram& datagram) {
  if (walk.text == nullptr) return;
  const auto* text = reinterpret_cast<const uint8_t*>(walk.text);
  Require(walk.outcome == Outcome::kRefused, "only an error has an extended message");
  Require(text >= datagram.data && text <= datagram.data + datagram.size, "the message begins inside");
  const auto left = static_cast<size_t>(datagram.data + datagram.size - text);
  Require(walk.text_size <= left, "the message ends inside");
  Require(walk.text_size == 0 || std::memchr(text, 0, walk.text_size) == nullptr, "it ends at the first NUL");
}

// Each row, and each record and attribute that it has: inside, aligned, and behind what came before it.
void CheckRows(const Datagram& datagram, const Case& chosen, const uint32_t* words, const Index& index) {
  const size_t base = chosen.base();
  size_t records = 1;
  size_t end = base;
  size_t row = kBeforeSize;
  while (row < index.size()) {
    Require(index.size() - row >= 2 && words[row + 1] <= index.size() - row - 2, "a row is in the index");
    const size_t record = words[row];
    Require(record >= end + 16 && (record - base) % 4 == 0, "a record is behind its header, and aligned");
    Require(record - base + chosen.expectation.header_length <= datagram.size, "its structure is inside");
    end = record + chosen.expectation.header_length;
    for (size_t i = row + 2; i < row + 2 + words[row + 1]; ++i) {
      const size_t attribute = words[i];
      Require(attribute >= end && (attribute - base) % 4 == 0, "attributes are in order, and aligned");
      Require(attribute - base + 4 <= datagram.size, "the header of an attribute is inside");
      uint16_t length = 0;
      std::memcpy(&length, datagram.data + (attribute - base), sizeof length);
      Require(length >= 4 && attribute - base + length <= datagram.size, "an attribute is inside");
      end = attribute + length;
    }
    row += 2 + words[row + 1];
    ++records;
  }
  Require(records == index.records(), "there are as many rows as records");
}

void Compare(const Walk& walk, const ReplyModel& model, const uint32_t* words, const Index& index,
             size_t base) {
  Require(walk.outcome == model.outcome(), "the outcome is what the datagram says");
  Require(walk.error == model.error() && walk.in_done == model.in_done(), "so is the error");
  Require(index.size() - kBeforeSize == model.words().size(), "all parts are in the index");
  for (size_t row = 0; row < model.words().size(); row += 2 + model.words()[row + 1]) {
    const size_t attributes = model.words()[row + 1];
    Require(words[kBeforeSize + row + 1] == attributes, "each attribute is counted");
    for (size_t i = row; i < row + 2 + attributes; ++i)
      Require(i == row + 1 || words[kBeforeSize + i] == model.words()[i] + base, "each part is where it is");
  }
}

// The room for an index, and a word behind it that nobody may touch. It is used again by each input: to ask
// for memory takes longer than to walk.
constexpr uint32_t kUntouched = 0xfeedface;

uint32_t* RoomOf(size_t words) {
  static std::vector<uint32_t> memory;
  if (memory.size() <= words) memory.resize(2 * words + 1);
  memory[words] = kUntouched;
  return memory.data();
}

void WalkOne(const Datagram& datagram, const Case& chosen) {
  const size_t room = kBeforeSize + chosen.RoomFor(datagram.size);
  uint32_t* words = RoomOf(room);
  Index index(words, room);
  index.AddRecord(kBefore);
  const Walk walk = sockdiag::WalkDatagram(datagram, chosen.expectation, chosen.base(), index);
  static ReplyModel model;
  model.Read(datagram, chosen.expectation);
  Require(words[room] == kUntouched, "the index has no more words than there is room for");
  Require(words[0] == kBefore && words[1] == 0, "what was in the index stays there");
  CheckText(walk, datagram);
  if (walk.outcome == Outcome::kFault) {
    CheckFault(walk, datagram);
    Require(index.size() == kBeforeSize && index.records() == 1,
            "of a datagram with a fault nothing is given");
    const bool is_full = walk.fault == Fault::kIndexFull;
    Require(!is_full || chosen.is_cramped(), "the usual room is enough");
    Require(is_full || walk.fault == model.fault(), "what is refused has this fault first");
    Require(is_full || walk.fault_offset == model.fault_offset(), "and there");
    return;
  }
  Require(walk.fault == Fault::kNone, "there is one fault, or none");
  CheckRows(datagram, chosen, words, index);
  Require(model.fault() == Fault::kNone, "what is accepted has no fault");
  Compare(walk, model, words, index, chosen.base());
}

}  // namespace

// The input lies in memory of exactly its size, so that each step beyond its end is seen.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  static Case chosen;
  ReadCase(choices, chosen);
  const Datagram datagram{choices.data(), choices.size(), chosen.sender(), chosen.is_truncated()};
  WalkOne(datagram, chosen);
  return 0;
}
