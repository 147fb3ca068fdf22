// Programs that the kernel runs for each of its own objects of a kind (BPF_TRACE_ITER), and what they write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <linux/bpf.h>

#include "proc_file.h"
#include "system_error.h"

namespace sockdiag {

enum class Register : uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, frame };

// The helpers of the kernel that are called.
enum class Helper : int32_t { probe_read_kernel = 113, seq_write = 127 };

// Puts a program together, an instruction after the other. Places are in bytes.
class BpfAssembler {
 public:
  void Copy(Register to, Register from);
  void Set(Register to, int32_t number);
  void Add(Register to, int32_t number);
  void Load32(Register to, Register from, uint32_t at);
  void Load64(Register to, Register from, uint32_t at);
  // Into the frame, whose places lie below 0.
  void Store32(int at, Register from);
  void Store64(int at, Register from);
  void Call(Helper helper);
  // Leaves the program if a register has this number, or has not.
  void LeaveIf(Register value, int32_t number);
  void LeaveUnless(Register value, int32_t number);
  // Goes over the next so many instructions if the registers have the same.
  void SkipIfSame(Register one, Register other, uint32_t instructions);

  // Ends the program.
  std::vector<bpf_insn> Finish();

 private:
  void Append(int code, Register to, Register from, int offset, int32_t number);
  void Leave(int code, Register value, int32_t number);

  std::vector<bpf_insn> instructions_;
  std::vector<size_t> leaving_;
};

// Whether this process has the capabilities that it takes to load such a program: CAP_BPF and CAP_PERFMON, or
// CAP_SYS_ADMIN, which stands for both. The kernel may refuse it nevertheless.
bool MayLoadPrograms();

// A program with its descriptors in the kernel, which are closed at the end.
class BpfIterator {
 public:
  // `function` is the number among the kernel's types of the one that the program stands for. Throws a
  // SystemError.
  BpfIterator(const std::vector<bpf_insn>& program, uint32_t function);

  // Reads what the program wrote next, no more than there is room for; 0 at the end. Throws a SystemError.
  size_t Read(void* buffer, size_t room);

 private:
  Descriptor program_, link_, iterator_;
};

}  // namespace sockdiag
