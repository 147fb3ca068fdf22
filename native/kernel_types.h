// What the running kernel tells of its own types (BTF): where the members of its structures lie differs from
// kernel to kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sockdiag {

class KernelTypes {
 public:
  struct Bytes {
    std::shared_ptr<const char> first;
    size_t size = 0;
  };

  // Those of the running kernel. Throws a SystemError, with ENOENT where it tells of none.
  static KernelTypes Read();

  // Throws a SystemError with EBADMSG where that is no such description.
  explicit KernelTypes(Bytes bytes);

  // The number of a function. Throws a SystemError, with ENOENT where there is none, and ENOTUNIQ where there
  // are several.
  uint32_t Function(const char* name) const;

  // How many bytes into a structure one of its members begins; the members of what has no name in it are its
  // own. Throws likewise.
  uint32_t Offset(const char* structure, const char* member) const;

 private:
  uint32_t Find(const std::vector<uint32_t>& numbers, const char* name) const;
  bool FindMember(uint32_t number, const char* member, int depth, uint32_t* bits) const;
  const char* Name(uint32_t offset) const;
  template <typename T>
  T Take(size_t at) const;

  Bytes bytes_;
  size_t names_ = 0;  // where they begin
  size_t names_size_ = 0;
  std::vector<uint32_t> types_;                   // where each begins, by its number
  std::vector<uint32_t> structures_, functions_;  // their numbers
};

}  // namespace sockdiag
