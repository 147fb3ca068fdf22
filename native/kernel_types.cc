#include "kernel_types.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proc_file.h"
#include "system_error.h"

namespace sockdiag {
namespace {

constexpr char kPath[] = "/sys/kernel/btf/vmlinux";

// Of what has no name within what has no name: no kernel comes near, and a description that holds itself
// ends.
constexpr int kDepth = 8;

constexpr uint16_t kMagic = 0xEB9F;

// struct btf_header. The headers of older systems know less than this of it, so nothing is taken from them.
struct Header {
  uint16_t magic;
  uint8_t version, flags;
  uint32_t size;
  // Behind the header:
  uint32_t types_at, types_size;
  uint32_t names_at, names_size;
};

// struct btf_type
struct Type {
  uint32_t name;
  uint32_t info;
  uint32_t size;  // or the type that it is made from

  uint32_t kind() const { return info >> 24 & 0x1F; }
  uint32_t count() const { return info & 0xFFFF; }
  bool has_bit_fields() const { return (info >> 31) != 0; }
};

// struct btf_member
struct Member {
  uint32_t name;
  uint32_t type;
  uint32_t bits;  // from the start of the structure; if that has bit-fields, the upper byte is the width
};

enum Kind : uint32_t {
  kInt = 1,
  kArray = 3,
  kStructure = 4,
  kUnion = 5,
  kEnum = 6,
  kFunction = 12,
  kPrototype = 13,
  kVariable = 14,
  kSection = 15,
  kDeclarationTag = 17,
  kEnum64 = 19,
};

// How many bytes lie behind that which all types begin with.
size_t RestOf(const Type& type) {
  switch (type.kind()) {
    case kInt:
    case kVariable:
    case kDeclarationTag:
      return 4;
    case kArray:
      return 12;
    case kStructure:
    case kUnion:
    case kSection:
    case kEnum64:
      return size_t{12} * type.count();
    case kEnum:
    case kPrototype:
      return size_t{8} * type.count();
    default:
      return 0;
  }
}

bool HasMembers(const Type& type) { return type.kind() == kStructure || type.kind() == kUnion; }

using Bytes = KernelTypes::Bytes;

// Nothing before Linux 6.16, where this file cannot be mapped.
Bytes Map(int file, size_t size) {
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (mapped == MAP_FAILED) return {};
  const auto unmap = [size](const char* at) { munmap(const_cast<char*>(at), size); };
  return {std::shared_ptr<const char>(static_cast<const char*>(mapped), unmap), size};
}

// The kernel gives a page at a time.
Bytes ReadAll(int file, size_t size) {
  const std::shared_ptr<char> bytes(new char[size], std::default_delete<char[]>());
  size_t at = 0;
  while (at < size) {
    const ssize_t got = read(file, bytes.get() + at, size - at);
    if (got < 0) throw SystemError{"read", errno};
    if (got == 0) break;
    at += static_cast<size_t>(got);
  }
  return {bytes, at};
}

}  // namespace

KernelTypes KernelTypes::Read() {
  const Descriptor file(AT_FDCWD, kPath, O_RDONLY);
  struct stat status {};
  if (fstat(file, &status) != 0) throw SystemError{"fstat", errno};
  const auto size = static_cast<size_t>(status.st_size);
  const Bytes mapped = Map(file, size);
  return KernelTypes(mapped.first ? mapped : ReadAll(file, size));
}

KernelTypes::KernelTypes(Bytes bytes) : bytes_(std::move(bytes)), types_{0} {
  const auto header = Take<Header>(0);
  names_ = size_t{header.size} + header.names_at;
  names_size_ = header.names_size;
  if (header.magic != kMagic || names_size_ == 0 || names_ + names_size_ > bytes_.size ||
      bytes_.first.get()[names_ + names_size_ - 1] != '\0')
    throw SystemError{"read", EBADMSG};
  size_t at = size_t{header.size} + header.types_at;
  for (const size_t end = at + header.types_size; at < end;) {
    const auto type = Take<Type>(at);
    const auto number = static_cast<uint32_t>(types_.size());
    if (type.kind() == kStructure) structures_.push_back(number);
    if (type.kind() == kFunction) functions_.push_back(number);
    types_.push_back(static_cast<uint32_t>(at));
    at += sizeof type + RestOf(type);
  }
}

uint32_t KernelTypes::Function(const char* name) const { return Find(functions_, name); }

uint32_t KernelTypes::Offset(const char* structure, const char* member) const {
  uint32_t bits = 0;
  if (!FindMember(Find(structures_, structure), member, 0, &bits)) throw SystemError{"read", ENOENT};
  return bits / 8;
}

// Another of the same name may be the one that is meant.
uint32_t KernelTypes::Find(const std::vector<uint32_t>& numbers, const char* name) const {
  uint32_t found = 0;
  for (const uint32_t number : numbers) {
    if (std::strcmp(Name(Take<Type>(types_[number]).name), name) != 0) continue;
    if (found != 0) throw SystemError{"read", ENOTUNIQ};
    found = number;
  }
  if (found == 0) throw SystemError{"read", ENOENT};
  return found;
}

bool KernelTypes::FindMember(uint32_t number, const char* member, int depth, uint32_t* bits) const {
  if (number == 0 || number >= types_.size() || depth > kDepth) return false;
  const auto type = Take<Type>(types_[number]);
  if (!HasMembers(type)) return false;
  for (uint32_t i = 0; i < type.count(); ++i) {
    const auto each = Take<Member>(types_[number] + sizeof type + i * sizeof(Member));
    const char* name = Name(each.name);
    if (std::strcmp(name, member) == 0 || (*name == '\0' && FindMember(each.type, member, depth + 1, bits))) {
      *bits += type.has_bit_fields() ? each.bits & 0xFFFFFF : each.bits;
      return true;
    }
  }
  return false;
}

const char* KernelTypes::Name(uint32_t offset) const {
  if (offset >= names_size_) throw SystemError{"read", EBADMSG};
  return bytes_.first.get() + names_ + offset;
}

template <typename T>
T KernelTypes::Take(size_t at) const {
  T value{};
  if (at > bytes_.size || sizeof value > bytes_.size - at) throw SystemError{"read", EBADMSG};
  std::memcpy(&value, bytes_.first.get() + at, sizeof value);
  return value;
}

}  // namespace sockdiag
