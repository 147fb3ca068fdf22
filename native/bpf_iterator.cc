#include "bpf_iterator.h"

#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <utility>

#include <linux/capability.h>

namespace sockdiag {
namespace {

// The helpers are only for programs with such a one.
constexpr char kLicense[] = "Dual MIT/GPL";

// bpf(2): numbers and arguments, as far as they are needed; the headers of older systems have not all of
// them.
enum Command { kProgramLoad = 5, kLinkCreate = 28, kIteratorCreate = 33 };
constexpr uint32_t kTracing = 26;
constexpr uint32_t kIterator = 28;

struct LoadArguments {
  uint32_t type, count;
  uint64_t instructions, license;
  uint32_t log_level, log_size;
  uint64_t log;
  uint32_t kernel_version, flags;
  char name[16];
  uint32_t ifindex, attach_type, types, function_size;
  uint64_t functions;
  uint32_t function_count, line_size;
  uint64_t lines;
  uint32_t line_count, attach_function;
};

struct LinkArguments {
  uint32_t program, target, attach_type, flags;
};

struct IteratorArguments {
  uint32_t link, flags;
};

constexpr uint32_t kSysAdmin = 21;
constexpr uint32_t kPerfmon = 38;
constexpr uint32_t kBpf = 39;

template <typename Arguments>
int Bpf(Command command, Arguments arguments) {
  const int64_t descriptor = syscall(SYS_bpf, command, &arguments, sizeof arguments);
  if (descriptor < 0) throw SystemError{"bpf", errno};
  return static_cast<int>(descriptor);
}

int LoadProgram(const std::vector<bpf_insn>& program, uint32_t function) {
  LoadArguments arguments{};
  arguments.type = kTracing;
  arguments.count = static_cast<uint32_t>(program.size());
  arguments.instructions = reinterpret_cast<uintptr_t>(program.data());
  arguments.license = reinterpret_cast<uintptr_t>(kLicense);
  arguments.attach_type = kIterator;
  arguments.attach_function = function;
  return Bpf(kProgramLoad, arguments);
}

}  // namespace

void BpfAssembler::Copy(Register to, Register from) { Append(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }

void BpfAssembler::Set(Register to, int32_t number) {
  Append(BPF_ALU64 | BPF_MOV | BPF_K, to, Register::r0, 0, number);
}

void BpfAssembler::Add(Register to, int32_t number) {
  // NOLINTNEXTLINE(misc-redundant-expression): two of them are 0
  Append(BPF_ALU64 | BPF_ADD | BPF_K, to, Register::r0, 0, number);
}

void BpfAssembler::Load32(Register to, Register from, uint32_t at) {
  Append(BPF_LDX | BPF_W | BPF_MEM, to, from, static_cast<int>(at), 0);
}

void BpfAssembler::Load64(Register to, Register from, uint32_t at) {
  Append(BPF_LDX | BPF_DW | BPF_MEM, to, from, static_cast<int>(at), 0);
}

void BpfAssembler::Store32(int at, Register from) {
  Append(BPF_STX | BPF_W | BPF_MEM, Register::frame, from, at, 0);
}

void BpfAssembler::Store64(int at, Register from) {
  Append(BPF_STX | BPF_DW | BPF_MEM, Register::frame, from, at, 0);
}

void BpfAssembler::Call(Helper helper) {
  Append(BPF_JMP | BPF_CALL, Register::r0, Register::r0, 0, static_cast<int32_t>(helper));
}

void BpfAssembler::LeaveIf(Register value, int32_t number) { Leave(BPF_JEQ, value, number); }

void BpfAssembler::LeaveUnless(Register value, int32_t number) { Leave(BPF_JNE, value, number); }

void BpfAssembler::SkipIfSame(Register one, Register other, uint32_t instructions) {
  Append(BPF_JMP | BPF_JEQ | BPF_X, one, other, static_cast<int>(instructions), 0);
}

// An instruction that leaves goes over all that lie between it and the last two.
std::vector<bpf_insn> BpfAssembler::Finish() {
  for (const size_t at : leaving_)
    instructions_[at].off = static_cast<int16_t>(instructions_.size() - at - 1);
  Set(Register::r0, 0);
  Append(BPF_JMP | BPF_EXIT, Register::r0, Register::r0, 0, 0);
  leaving_.clear();
  return std::move(instructions_);
}

void BpfAssembler::Append(int code, Register to, Register from, int offset, int32_t number) {
  bpf_insn instruction{};
  instruction.code = static_cast<uint8_t>(code);
  instruction.dst_reg = static_cast<uint8_t>(to) & 0xF;
  instruction.src_reg = static_cast<uint8_t>(from) & 0xF;
  instruction.off = static_cast<int16_t>(offset);
  instruction.imm = number;
  instructions_.push_back(instruction);
}

void BpfAssembler::Leave(int code, Register value, int32_t number) {
  leaving_.push_back(instructions_.size());
  Append(BPF_JMP | code | BPF_K, value, Register::r0, 0, number);
}

bool MayLoadPrograms() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;  // untested: no kernel is known to refuse it
  const auto has = [&](uint32_t number) { return (data[number / 32].effective >> number % 32 & 1) != 0; };
  return has(kSysAdmin) || (has(kBpf) && has(kPerfmon));
}

BpfIterator::BpfIterator(const std::vector<bpf_insn>& program, uint32_t function)
    : program_(LoadProgram(program, function)),
      link_(Bpf(kLinkCreate, LinkArguments{static_cast<uint32_t>(program_), 0, kIterator, 0})),
      iterator_(Bpf(kIteratorCreate, IteratorArguments{static_cast<uint32_t>(link_), 0})) {}

size_t BpfIterator::Read(void* buffer, size_t room) {
  for (;;) {
    const ssize_t size = read(iterator_, buffer, room);
    if (size >= 0) return static_cast<size_t>(size);
    // After a million objects of which the program wrote nothing, the kernel takes a breath.
    // untested: where the program writes nothing of a million objects, or a signal comes
    if (errno != EAGAIN && errno != EINTR) throw SystemError{"read", errno};
  }
}

}  // namespace sockdiag
