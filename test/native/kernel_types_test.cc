// The tests of the kernel's own description of its types: small ones that are made here, each cut off and
// changed at every byte. Built with sanitizers and run by test/native.test.ts.
#include "kernel_types.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "system_error.h"

namespace {

using sockdiag::KernelTypes;
using sockdiag::SystemError;

enum Kind : uint32_t {
  kInt = 1,
  kPointer = 2,
  kArray = 3,
  kStruct = 4,
  kUnion = 5,
  kEnum = 6,
  kTypedef = 8,
  kFunction = 12,
  kPrototype = 13,
  kVariable = 14,
  kSection = 15,
  kFloat = 16,
  kDeclTag = 17,
  kTypeTag = 18,
  kEnum64 = 19,
};

constexpr uint32_t kBitFields = 0x80000000;

// Puts a description together as the kernel's documentation has it (Documentation/bpf/btf.rst).
class Builder {
 public:
  // The number of the type. `rest` lies behind it.
  uint32_t Add(const std::string& name, uint32_t kind, uint32_t count, const std::vector<uint32_t>& rest,
               uint32_t flag = 0) {
    types_.insert(types_.end(), {NameAt(name), kind << 24 | count | flag, 8});
    types_.insert(types_.end(), rest.begin(), rest.end());
    return ++last_;
  }

  struct Member {
    std::string name;
    uint32_t type;
    uint32_t bits;
  };

  uint32_t AddMembers(const std::string& name, uint32_t kind, const std::vector<Member>& members,
                      uint32_t flag = 0) {
    std::vector<uint32_t> rest;
    for (const Member& each : members) rest.insert(rest.end(), {NameAt(each.name), each.type, each.bits});
    return Add(name, kind, static_cast<uint32_t>(members.size()), rest, flag);
  }

  std::string Finish() const {
    const auto size = static_cast<uint32_t>(types_.size() * 4);
    const std::vector<uint32_t> header = {0x0001EB9F, 24,   0,
                                          size,       size, static_cast<uint32_t>(names_.size())};
    std::string bytes;
    for (const auto* words : {&header, &types_})
      bytes.append(reinterpret_cast<const char*>(words->data()), words->size() * 4);
    return bytes + names_;
  }

 private:
  uint32_t NameAt(const std::string& name) {
    if (name.empty()) return 0;
    names_ += name + '\0';
    return static_cast<uint32_t>(names_.size() - name.size() - 1);
  }

  std::vector<uint32_t> types_;
  std::string names_ = std::string(1, '\0');
  uint32_t last_ = 0;
};

// Memory as large as the text, so that a sanitizer sees what is read beyond it.
KernelTypes Read(const std::string& text) {
  const std::shared_ptr<char> bytes(new char[text.size()], std::default_delete<char[]>());
  std::copy(text.begin(), text.end(), bytes.get());
  return KernelTypes({bytes, text.size()});
}

// What comes of it, or the error as a number below 0.
int64_t Outcome(const std::function<int64_t()>& call) {
  try {
    return call();
  } catch (const SystemError& error) {
    return -error.error;
  }
}

int64_t OffsetIn(const std::string& text, const char* structure, const char* member) {
  return Outcome([&] { return Read(text).Offset(structure, member); });
}

int64_t FunctionIn(const std::string& text, const char* name) {
  return Outcome([&] { return Read(text).Function(name); });
}

// One of each kind before what is looked for, so that each is passed over by its own length.
std::string Varied() {
  Builder all;
  const uint32_t number = all.Add("int", kInt, 0, {32});
  all.Add("pointer", kPointer, 0, {});
  all.Add("", kArray, 0, {number, number, 7});
  all.Add("color", kEnum, 3, {0, 0, 0, 1, 0, 2});
  all.Add("wide", kEnum64, 2, {0, 0, 0, 0, 1, 1});
  all.Add("size_t", kTypedef, 0, {});
  all.Add("", kPrototype, 2, {0, number, 0, number});
  all.Add("variable", kVariable, 0, {1});
  all.Add(".data", kSection, 2, {8, 0, 4, 8, 4, 4});
  all.Add("float", kFloat, 0, {});
  all.Add("tag", kDeclTag, 0, {0xFFFFFFFF});
  all.Add("typetag", kTypeTag, 0, {});
  const uint32_t inner = all.AddMembers("", kStruct, {{"deep", number, 32}, {"deeper", number, 64}});
  const uint32_t either = all.AddMembers("", kUnion, {{"one", number, 0}, {"", inner, 64}});
  all.AddMembers("file", kUnion, {{"f_inode", number, 8}});
  all.AddMembers("file", kStruct, {{"first", number, 0}, {"", either, 128}, {"f_inode", number, 448}});
  all.AddMembers("task", kStruct, {{"flag", number, 0x01000007}, {"", inner, 64}, {"comm", number, 256}},
                 kBitFields);
  all.Add("look", kFunction, 0, {});
  all.Add("prototype", kPrototype, 0, {});
  return all.Finish();
}

void TestMembers() {
  const std::string text = Varied();
  Check(OffsetIn(text, "file", "first") == 0, "the first member is at 0");
  Check(OffsetIn(text, "file", "f_inode") == 56, "a member is where it is, and not where that of a union is");
  Check(OffsetIn(text, "file", "one") == 16, "the members of a union without a name are the structure's");
  Check(OffsetIn(text, "file", "deep") == 16 + 8 + 4, "and those of what is within it");
  Check(OffsetIn(text, "task", "flag") == 0, "a bit-field is in the byte that it begins in");
  Check(OffsetIn(text, "task", "comm") == 32, "beside bit-fields too");
  Check(OffsetIn(text, "task", "deeper") == 8 + 8, "a structure without a name beside bit-fields");
  Check(OffsetIn(text, "file", "last") == -ENOENT, "a member that is not there");
  Check(OffsetIn(text, "color", "first") == -ENOENT, "what is no structure");
  Check(OffsetIn(text, "none", "first") == -ENOENT, "a structure that is not there");
}

void TestFunctions() {
  const std::string text = Varied();
  Check(FunctionIn(text, "look") == 18, "a function has the number of its type");
  Check(FunctionIn(text, "file") == -ENOENT, "a structure is no function");
  Check(FunctionIn(text, "loo") == -ENOENT, "nor is the start of its name");
}

void TestSeveral() {
  Builder two;
  two.AddMembers("file", kStruct, {{"a", 0, 0}});
  two.AddMembers("file", kStruct, {{"a", 0, 64}});
  two.Add("look", kFunction, 0, {});
  two.Add("look", kFunction, 0, {});
  Check(OffsetIn(two.Finish(), "file", "a") == -ENOTUNIQ, "of two structures of one name, none is taken");
  Check(FunctionIn(two.Finish(), "look") == -ENOTUNIQ, "nor is one of two functions");
}

void TestLoop() {
  Builder loop;
  loop.AddMembers("file", kStruct, {{"", 2, 0}, {"f_inode", 0, 64}});
  loop.AddMembers("", kStruct, {{"", 2, 8}, {"", 2, 16}});
  Check(OffsetIn(loop.Finish(), "file", "f_inode") == 8, "what holds itself has an end");
  Check(OffsetIn(loop.Finish(), "file", "none") == -ENOENT, "though nothing is found in it");
}

// What is cut off, or has another byte somewhere, is read to its end or refused, and never beyond.
void TestHostile(uint32_t seed) {
  const std::string text = Varied();
  bool refused = true;
  for (size_t size = 0; size < text.size(); ++size)
    refused = refused && OffsetIn(text.substr(0, size), "task", "comm") == -EBADMSG;
  Check(refused, "what is cut off anywhere is refused");
  std::mt19937 random(seed);
  size_t ended = 0;
  constexpr size_t kTimes = 50000;
  for (size_t i = 0; i < kTimes; ++i) {
    std::string changed = text;
    for (uint32_t times = random() % 4 + 1; times > 0; --times)
      changed[random() % changed.size()] = static_cast<char>(random() % 3 == 0 ? 0xFF : random());
    OffsetIn(changed, "file", "deep");
    FunctionIn(changed, "look");
    ++ended;
  }
  Check(ended == kTimes, "what was changed ends");
}

}  // namespace

int main() {
  TestMembers();
  TestFunctions();
  TestSeveral();
  TestLoop();
  TestHostile(20261126);
  return Report();
}
