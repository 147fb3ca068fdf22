// The message walker's own tests: one line for each promise, and a random search for ways out of the buffer.
// Built with sanitizers and run by test/native.test.ts; or by hand:
//   g++ -std=c++17 -fsanitize=address,undefined -Inative native/message_walker.cc
//   test/native/message_walker_test.cc
#include "message_walker.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "check.h"

namespace {

using sockdiag::Datagram;
using sockdiag::Expectation;
using sockdiag::Fault;
using sockdiag::Index;
using sockdiag::Outcome;
using sockdiag::Walk;

using Bytes = std::vector<uint8_t>;

constexpr uint16_t kRecord = 20;
constexpr uint16_t kError = 2;
constexpr uint16_t kDone = 3;
constexpr uint16_t kNoop = 1;
constexpr uint16_t kNested = 0x8000;
constexpr uint32_t kSequence = 7;
constexpr uint32_t kPortId = 4242;
constexpr size_t kHeaderLength = 8;
constexpr uint8_t kFamily = 2;

template <typename T>
void Append(Bytes& bytes, T value) {
  const auto* start = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), start, start + sizeof value);
}

template <typename T>
void Put(Bytes& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes Attribute(uint16_t type, const Bytes& payload) {
  Bytes bytes;
  Append(bytes, static_cast<uint16_t>(4 + payload.size()));
  Append(bytes, type);
  bytes = bytes + payload;
  bytes.resize((bytes.size() + 3) & ~size_t{3});
  return bytes;
}

Bytes Message(uint16_t type, const Bytes& payload, uint16_t flags = 2) {
  Bytes bytes;
  Append(bytes, static_cast<uint32_t>(16 + payload.size()));
  Append(bytes, type);
  Append(bytes, flags);
  Append(bytes, kSequence);
  Append(bytes, kPortId);
  bytes = bytes + payload;
  bytes.resize((bytes.size() + 3) & ~size_t{3});
  return bytes;
}

Bytes Record(const Bytes& attributes = {}) {
  return Message(kRecord, Bytes{kFamily, 1, 2, 3, 4, 5, 6, 7} + attributes);
}

Bytes Status(int32_t status) {
  Bytes bytes;
  Append(bytes, status);
  return bytes;
}

Bytes Done(int32_t status = 0) { return Message(kDone, Status(status)); }

Bytes ErrorReply(int32_t status, uint16_t flags = 0x100, const Bytes& behind = {}) {
  Bytes quoted;
  Append(quoted, uint32_t{72});
  quoted.resize(16);
  return Message(kError, Status(status) + quoted + behind, flags);
}

Expectation Usual() {
  Expectation expectation;
  expectation.sequence = kSequence;
  expectation.port_id = kPortId;
  expectation.type = kRecord;
  expectation.header_length = kHeaderLength;
  expectation.family = kFamily;
  return expectation;
}

struct Result {
  Walk walk;
  std::vector<uint32_t> index;
  size_t records;
};

// The bytes lie in memory of exactly their size, so that a sanitizer sees every step beyond.
Result WalkBytes(const Bytes& bytes, const Expectation& expectation = Usual(), uint32_t sender = 0,
                 bool truncated = false, size_t base = 0) {
  const std::unique_ptr<uint8_t[]> memory(new uint8_t[bytes.size()]);
  if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
  const size_t capacity = Index::WordsFor(bytes.size());
  const std::unique_ptr<uint32_t[]> words(new uint32_t[capacity]);
  Index index(words.get(), capacity);
  const Walk walk = sockdiag::WalkDatagram(Datagram{memory.get(), bytes.size(), sender, truncated},
                                           expectation, base, index);
  Result result{walk, std::vector<uint32_t>(words.get(), words.get() + index.size()), index.records()};
  if (result.walk.text != nullptr) {
    // Must not outlive the memory; what it says is looked at where it is made.
    const std::string text(result.walk.text, result.walk.text_size);
    Check(text == "no such thing", "the extended message is the kernel's: " + text);
  }
  return result;
}

void ExpectFault(const std::string& promise, Fault fault, const Bytes& bytes) {
  const Result result = WalkBytes(bytes);
  Check(result.walk.outcome == Outcome::kFault && result.walk.fault == fault,
        promise + " (found " + sockdiag::Describe(result.walk.fault) + ")");
  Check(result.index.empty() && result.records == 0, promise + ": nothing is given out");
}

void TestIndex() {
  const Bytes bytes = Record(Attribute(8, {1}) + Attribute(21, {1, 2, 3, 4, 5, 6, 7, 8})) + Record();
  const Result result = WalkBytes(bytes, Usual(), 0, false, 1000);
  Check(result.walk.outcome == Outcome::kMore, "records alone are not the end");
  Check(result.records == 2, "two records are counted");
  Check(result.index == std::vector<uint32_t>({1016, 2, 1024, 1032, 1060, 0}),
        "a row is the record's offset, the number of its attributes, and their offsets");
}

void TestEnds() {
  Check(WalkBytes(Record() + Done()).walk.outcome == Outcome::kDone, "DONE ends a dump");
  Check(WalkBytes(Record() + Done()).records == 1, "records before DONE count");
  const Walk refused = WalkBytes(Done(-2)).walk;
  Check(refused.outcome == Outcome::kRefused && refused.error == 2 && refused.in_done, "DONE with an errno");
  const Walk error = WalkBytes(ErrorReply(-95)).walk;
  Check(error.outcome == Outcome::kRefused && error.error == 95 && !error.in_done, "ERROR with an errno");
  Expectation acknowledged = Usual();
  acknowledged.acknowledged = true;
  Check(WalkBytes(ErrorReply(0), acknowledged).walk.outcome == Outcome::kAcknowledged, "an acknowledgement");
  Check(WalkBytes(Message(kNoop, {}) + Done()).walk.outcome == Outcome::kDone, "NOOP is passed over");
}

void TestExtendedMessage() {
  const std::string words = "no such thing";
  Bytes text(words.begin(), words.end());
  text.push_back(0);
  const Walk capped = WalkBytes(ErrorReply(-22, 0x300, Attribute(2, {1, 2, 3, 4}) + Attribute(1, text))).walk;
  Check(capped.text_size == words.size(), "the extended message behind a capped error");
  const Walk whole = WalkBytes(ErrorReply(-22, 0x200, Bytes(56) + Attribute(1, text))).walk;
  Check(whole.text_size == words.size(), "the extended message behind the whole request");
  Bytes done = Status(-22) + Attribute(1, text);
  Check(WalkBytes(Message(kDone, done, 0x202)).walk.text_size == words.size(),
        "the extended message in DONE");
}

void TestRefusals() {
  const Bytes good = Record(Attribute(8, {1}));
  auto changed = [&](const std::function<void(Bytes&)>& change) {
    Bytes bytes = good;
    change(bytes);
    return bytes;
  };
  auto cut = [](Bytes bytes, size_t less) {
    bytes.resize(bytes.size() - less);
    return bytes;
  };
  ExpectFault("an empty datagram", Fault::kEmptyDatagram, {});
  ExpectFault("a short header", Fault::kShortHeader, Bytes(good.begin(), good.begin() + 12));
  ExpectFault("a short header behind a record", Fault::kShortHeader, good + Bytes(4));
  ExpectFault("a length below the header's", Fault::kBadLength,
              changed([](Bytes& b) { Put(b, 0, uint32_t{15}); }));
  ExpectFault("a length of zero", Fault::kBadLength, changed([](Bytes& b) { Put(b, 0, uint32_t{0}); }));
  ExpectFault("a length beyond the datagram", Fault::kBadLength, cut(good, 4));
  ExpectFault("a length of all ones", Fault::kBadLength, changed([](Bytes& b) { Put(b, 0, ~uint32_t{0}); }));
  ExpectFault("attribute padding that is not zero", Fault::kDirtyPadding,
              changed([](Bytes& b) { b.back() = 1; }));
  ExpectFault("a message without its padding", Fault::kMissingPadding, cut(Message(kDone, Bytes(5)), 3));
  Bytes dirty = Message(kDone, Bytes(5));
  dirty.back() = 1;
  ExpectFault("message padding that is not zero", Fault::kDirtyPadding, dirty);
  ExpectFault("another sequence", Fault::kWrongSequence, changed([](Bytes& b) { Put(b, 8, uint32_t{8}); }));
  ExpectFault("sequence 0", Fault::kWrongSequence, changed([](Bytes& b) { Put(b, 8, uint32_t{0}); }));
  ExpectFault("another port id", Fault::kWrongPortId, changed([](Bytes& b) { Put(b, 12, uint32_t{1}); }));
  ExpectFault("data after DONE", Fault::kDataAfterEnd, Done() + good);
  ExpectFault("data after ERROR", Fault::kDataAfterEnd, ErrorReply(-2) + good);
  ExpectFault("an acknowledgement nobody asked for", Fault::kUnexpectedAcknowledgement, ErrorReply(0));
  ExpectFault("DUMP_INTR on a record", Fault::kInterrupted,
              changed([](Bytes& b) { Put(b, 6, uint16_t{0x12}); }));
  ExpectFault("DUMP_INTR on DONE", Fault::kInterrupted, Message(kDone, Status(0), 0x12));
  ExpectFault("another type", Fault::kUnexpectedType, changed([](Bytes& b) { Put(b, 4, uint16_t{21}); }));
  ExpectFault("OVERRUN", Fault::kUnexpectedType, changed([](Bytes& b) { Put(b, 4, uint16_t{4}); }));
  ExpectFault("another family", Fault::kWrongFamily, changed([](Bytes& b) { b[16] = 10; }));
  ExpectFault("a record shorter than its structure", Fault::kShortRecord,
              Message(kRecord, {kFamily, 0, 0, 0}));
  ExpectFault("a record of nothing", Fault::kShortRecord, Message(kRecord, {}));
  ExpectFault("DONE without a status", Fault::kBadLength, Message(kDone, {}));
  ExpectFault("DONE with a count", Fault::kBadStatus, Done(12));
  ExpectFault("DONE with an errno that is none", Fault::kBadStatus, Done(-5000));
  ExpectFault("the least of all numbers", Fault::kBadStatus, Done(INT32_MIN));
  ExpectFault("ERROR without the request's header", Fault::kBadLength, Message(kError, Status(-2)));
  ExpectFault("a quoted request that is too long", Fault::kBadLength, ErrorReply(-2, 0x200));
  ExpectFault("half an attribute header", Fault::kShortAttribute, Record({4, 0}));
  ExpectFault("an attribute of length 0", Fault::kShortAttribute, Record({0, 0, 1, 0}));
  ExpectFault("an attribute of length 3", Fault::kShortAttribute, Record({3, 0, 1, 0}));
  ExpectFault("an attribute longer than the message", Fault::kLongAttribute,
              Record({12, 0, 1, 0, 0, 0, 0, 0}));
  ExpectFault("an attribute that reaches into the next message", Fault::kLongAttribute,
              Record({8, 0, 1, 0}) + good);
  ExpectFault("a nested attribute longer than its parent", Fault::kLongAttribute,
              Record(Attribute(kNested | 20, {12, 0, 1, 0, 0, 0, 0, 0})));
  ExpectFault("a nested attribute of length 0", Fault::kShortAttribute,
              Record(Attribute(kNested | 20, {0, 0, 0, 0})));
  Bytes deep;
  for (int i = 0; i < 100; ++i) deep = Attribute(kNested | 1, deep);
  ExpectFault("attributes nested a hundredfold", Fault::kDeepNesting, Record(deep));
  ExpectFault("a good record before a bad one", Fault::kShortAttribute, good + Record({0, 0, 1, 0}));
}

void TestSender() {
  Check(WalkBytes(Record(), Usual(), 99).walk.fault == Fault::kForeignSender,
        "a sender that is not the kernel");
  Check(WalkBytes(Record(), Usual(), 0, true).walk.fault == Fault::kTruncated, "MSG_TRUNC");
}

// Whatever the bytes: every row lies in the index, and every offset and length in the datagram.
void CheckBounds(const Bytes& bytes, const Result& result) {
  size_t at = 0;
  size_t rows = 0;
  bool inside = true;
  while (at + 2 <= result.index.size()) {
    inside = inside && result.index[at] + kHeaderLength <= bytes.size();
    const size_t attributes = result.index[at + 1];
    for (size_t i = 0; i < attributes && at + 2 + i < result.index.size(); ++i) {
      const size_t offset = result.index[at + 2 + i];
      uint16_t length = 0;
      inside = inside && offset + 4 <= bytes.size();
      if (inside) std::memcpy(&length, bytes.data() + offset, sizeof length);
      inside = inside && length >= 4 && offset + length <= bytes.size();
    }
    at += 2 + attributes;
    ++rows;
  }
  if (!inside || at != result.index.size() || rows != result.records)
    Check(false, "every offset lies inside");
}

void TestRandomly(unsigned seed, int rounds) {
  std::mt19937 random(seed);
  const Bytes seeds[] = {
      Record(Attribute(8, {1}) + Attribute(15, Bytes(4)) + Attribute(21, Bytes(8))) + Record(),
      Record(Attribute(kNested | 20, Attribute(1, Bytes(4)))) + Done(),
      ErrorReply(-22, 0x200, Bytes(56) + Attribute(1, {'x', 0})), Record() + Done(-2)};
  Expectation any = Usual();
  any.family = 0;
  for (int round = 0; round < rounds; ++round) {
    Bytes bytes = seeds[random() % 4];
    const unsigned changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    const std::unique_ptr<uint8_t[]> memory(new uint8_t[bytes.size()]);
    if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
    const size_t capacity = Index::WordsFor(bytes.size());
    std::vector<uint32_t> words(capacity);
    Index index(words.data(), capacity);
    const Walk walk = sockdiag::WalkDatagram(Datagram{memory.get(), bytes.size(), 0, false}, any, 0, index);
    words.resize(index.size());
    CheckBounds(bytes, {walk, words, index.records()});
  }
  Check(true, "random bytes");
}

}  // namespace

int main() {
  TestIndex();
  TestEnds();
  TestExtendedMessage();
  TestRefusals();
  TestSender();
  TestRandomly(20261121, 300000);
  return Report();
}
