#include "message_walker.h"

#include <cstring>

#include <linux/netlink.h>

namespace sockdiag {
namespace {

constexpr size_t kMessageHeader = sizeof(nlmsghdr);
constexpr size_t kAttributeHeader = sizeof(nlattr);
constexpr size_t kStatus = sizeof(int32_t);

// Not in the headers of every system that this is built on.
constexpr uint16_t kDumpInterrupted = 0x10;
constexpr uint16_t kCapped = 0x100;
constexpr uint16_t kExtendedAck = 0x200;
constexpr uint16_t kExtendedMessage = 1;

constexpr int kMostNesting = 8;

constexpr size_t Align(size_t size) { return (size + 3) & ~size_t{3}; }

// Messages and attributes are aligned to four bytes and no more; a structure is therefore copied out.
template <typename T>
T Load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

struct Malformed {
  Fault fault;
  const uint8_t* where;
};

// A datagram being walked. A fault ends the walk from whatever depth by being thrown: one datagram in a
// lifetime has one, and every other line stays free of asking.
class Walker {
 public:
  Walker(const Datagram& datagram, const Expectation& expectation, size_t base, Index& index)
      : data_(datagram.data), size_(datagram.size), expectation_(expectation), base_(base), index_(index) {}

  Walk Run() {
    if (size_ == 0) throw Malformed{Fault::kEmptyDatagram, data_};
    Walk walk;
    for (size_t at = 0; at < size_;) {
      const uint8_t* message = data_ + at;
      if (walk.outcome != Outcome::kMore) throw Malformed{Fault::kDataAfterEnd, message};
      const nlmsghdr header = CheckMessage(message, size_ - at);
      ReadMessage(message, header, walk);
      at += Align(header.nlmsg_len);
    }
    return walk;
  }

 private:
  nlmsghdr CheckMessage(const uint8_t* message, size_t left) const {
    if (left < kMessageHeader) throw Malformed{Fault::kShortHeader, message};
    const auto header = Load<nlmsghdr>(message);
    if (header.nlmsg_len < kMessageHeader || header.nlmsg_len > left)
      throw Malformed{Fault::kBadLength, message};
    CheckPadding(message, header.nlmsg_len, left);
    if (header.nlmsg_pid != expectation_.port_id) throw Malformed{Fault::kWrongPortId, message};
    if (header.nlmsg_seq != expectation_.sequence) throw Malformed{Fault::kWrongSequence, message};
    if (header.nlmsg_type != NLMSG_ERROR && (header.nlmsg_flags & kDumpInterrupted) != 0)
      throw Malformed{Fault::kInterrupted, message};
    return header;
  }

  static void CheckPadding(const uint8_t* start, size_t length, size_t left) {
    if (Align(length) > left) throw Malformed{Fault::kMissingPadding, start};
    for (size_t at = length; at < Align(length); ++at)
      if (start[at] != 0) throw Malformed{Fault::kDirtyPadding, start};
  }

  void ReadMessage(const uint8_t* message, const nlmsghdr& header, Walk& walk) {
    if (header.nlmsg_type == expectation_.type) return ReadRecord(message, header);
    switch (header.nlmsg_type) {
      case NLMSG_NOOP:
        return;
      case NLMSG_DONE:
        return ReadDone(message, header, walk);
      case NLMSG_ERROR:
        return ReadError(message, header, walk);
      default:
        throw Malformed{Fault::kUnexpectedType, message};
    }
  }

  void ReadDone(const uint8_t* message, const nlmsghdr& header, Walk& walk) const {
    const uint8_t* payload = message + kMessageHeader;
    const size_t size = header.nlmsg_len - kMessageHeader;
    walk.outcome = Outcome::kDone;
    ReadStatus(message, payload, size, walk);
    if (walk.error == 0) return;
    walk.outcome = Outcome::kRefused;
    walk.in_done = true;
    if ((header.nlmsg_flags & kExtendedAck) != 0) ReadExtended(payload + kStatus, size - kStatus, walk);
  }

  void ReadError(const uint8_t* message, const nlmsghdr& header, Walk& walk) const {
    const uint8_t* payload = message + kMessageHeader;
    const size_t size = header.nlmsg_len - kMessageHeader;
    if (size < kStatus + kMessageHeader) throw Malformed{Fault::kBadLength, message};
    ReadStatus(message, payload, size, walk);
    if (walk.error == 0) {
      if (!expectation_.acknowledged) throw Malformed{Fault::kUnexpectedAcknowledgement, message};
      walk.outcome = Outcome::kAcknowledged;
      return;
    }
    walk.outcome = Outcome::kRefused;
    if ((header.nlmsg_flags & kExtendedAck) == 0) return;
    // Behind the request that is quoted: its header alone if capped, else all of it.
    const auto quoted = Load<nlmsghdr>(payload + kStatus);
    const size_t quote = (header.nlmsg_flags & kCapped) != 0 ? kMessageHeader : Align(quoted.nlmsg_len);
    if (quote < kMessageHeader || quote > size - kStatus) throw Malformed{Fault::kBadLength, message};
    ReadExtended(payload + kStatus + quote, size - kStatus - quote, walk);
  }

  static void ReadStatus(const uint8_t* message, const uint8_t* payload, size_t size, Walk& walk) {
    if (size < kStatus) throw Malformed{Fault::kBadLength, message};
    const auto status = Load<int32_t>(payload);
    if (status > 0 || status < -4095) throw Malformed{Fault::kBadStatus, message};
    walk.error = -status;
  }

  void ReadExtended(const uint8_t* start, size_t size, Walk& walk) const {
    EachAttribute(start, size, Nest::kTop, 0, [&](const uint8_t* attribute, const nlattr& header) {
      if ((header.nla_type & NLA_TYPE_MASK) != kExtendedMessage) return;
      walk.text = reinterpret_cast<const char*>(attribute + kAttributeHeader);
      walk.text_size = strnlen(walk.text, header.nla_len - kAttributeHeader);
    });
  }

  void ReadRecord(const uint8_t* message, const nlmsghdr& header) {
    const uint8_t* record = message + kMessageHeader;
    const size_t size = header.nlmsg_len - kMessageHeader;
    if (size < expectation_.header_length) throw Malformed{Fault::kShortRecord, message};
    if (expectation_.family != 0 && (size == 0 || record[0] != expectation_.family))
      throw Malformed{Fault::kWrongFamily, message};
    if (!index_.AddRecord(OffsetOf(record))) throw Malformed{Fault::kIndexFull, message};

    const size_t start = Align(expectation_.header_length);
    if (start >= size) return;
    EachAttribute(record + start, size - start, Nest::kTop, 0, [&](const uint8_t* attribute, const nlattr&) {
      if (!index_.AddAttribute(OffsetOf(attribute))) throw Malformed{Fault::kIndexFull, attribute};
    });
  }

  // Calls back for each attribute inside `parent`; those that hold others are checked to the bottom.
  template <typename Callback>
  void EachAttribute(const uint8_t* start, size_t size, uint16_t parent, int depth,
                     Callback&& callback) const {
    if (depth > kMostNesting) throw Malformed{Fault::kDeepNesting, start};
    for (size_t at = 0; at < size;) {
      const uint8_t* attribute = start + at;
      const size_t left = size - at;
      if (left < kAttributeHeader) throw Malformed{Fault::kShortAttribute, attribute};
      const auto header = Load<nlattr>(attribute);
      if (header.nla_len < kAttributeHeader) throw Malformed{Fault::kShortAttribute, attribute};
      if (header.nla_len > left) throw Malformed{Fault::kLongAttribute, attribute};
      CheckPadding(attribute, header.nla_len, left);
      if (IsNest(parent, header.nla_type))
        EachAttribute(attribute + kAttributeHeader, header.nla_len - kAttributeHeader,
                      header.nla_type & NLA_TYPE_MASK, depth + 1, Ignore);
      callback(attribute, header);
      at += Align(header.nla_len);
    }
  }

  bool IsNest(uint16_t parent, uint16_t type) const {
    if ((type & NLA_F_NESTED) != 0) return true;
    for (const Nest& nest : expectation_.nests)
      if (nest.parent == parent && nest.number == (type & NLA_TYPE_MASK)) return true;
    return false;
  }

  static void Ignore(const uint8_t*, const nlattr&) {}

  size_t OffsetOf(const uint8_t* pointer) const { return base_ + static_cast<size_t>(pointer - data_); }

  const uint8_t* data_;
  size_t size_;
  const Expectation& expectation_;
  size_t base_;
  Index& index_;
};

Walk FaultAt(Fault fault, size_t offset) {
  Walk walk;
  walk.outcome = Outcome::kFault;
  walk.fault = fault;
  walk.fault_offset = offset;
  return walk;
}

}  // namespace

Walk WalkDatagram(const Datagram& datagram, const Expectation& expectation, size_t base, Index& index) {
  if (datagram.sender != 0) return FaultAt(Fault::kForeignSender, 0);
  if (datagram.truncated) return FaultAt(Fault::kTruncated, datagram.size);
  const size_t size = index.size();
  const size_t records = index.records();
  try {
    return Walker(datagram, expectation, base, index).Run();
  } catch (const Malformed& malformed) {
    index.Rewind(size, records);
    return FaultAt(malformed.fault, static_cast<size_t>(malformed.where - datagram.data));
  }
}

const char* Describe(Fault fault) {
  switch (fault) {
    case Fault::kNone:  // untested: nobody asks
      return "no fault";
    case Fault::kTruncated:
      return "more bytes than were received";
    case Fault::kForeignSender:
      return "a sender that is not the kernel";
    case Fault::kEmptyDatagram:
      return "no message";
    case Fault::kShortHeader:
      return "a message shorter than a message header";
    case Fault::kBadLength:
      return "a message with a wrong length";
    case Fault::kMissingPadding:
      return "no padding where there must be some";
    case Fault::kDirtyPadding:
      return "padding that is not zero";
    case Fault::kWrongPortId:
      return "a port id that is not ours";
    case Fault::kWrongSequence:
      return "a sequence number that was not asked for";
    case Fault::kInterrupted:
      return "the mark of an interrupted dump";
    case Fault::kUnexpectedType:
      return "a message of a type that was not asked for";
    case Fault::kUnexpectedAcknowledgement:
      return "an acknowledgement that was not asked for";
    case Fault::kBadStatus:
      return "a status that is not an error number";
    case Fault::kDataAfterEnd:
      return "data behind its end";
    case Fault::kShortRecord:
      return "a record shorter than its structure";
    case Fault::kWrongFamily:
      return "a record of another family";
    case Fault::kShortAttribute:
      return "an attribute shorter than an attribute header";
    case Fault::kLongAttribute:
      return "an attribute longer than what holds it";
    case Fault::kDeepNesting:
      return "attributes nested too deeply";
    case Fault::kIndexFull:  // untested: there is always as much room as a datagram can need
      return "more parts than its size allows";
    case Fault::kNoAnswer:  // untested: no kernel is known to answer so
      return "no answer to what was asked";
  }
  return "an unknown fault";  // untested: there is no other
}

}  // namespace sockdiag
