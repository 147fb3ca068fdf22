#include "held_sockets.h"

#include <cstddef>
#include <vector>

#include "bpf_iterator.h"
#include "kernel_types.h"

namespace sockdiag {
namespace {

// Of the file system of sockets. The name of one that lies in another, open as a path, is no socket.
constexpr int32_t kSocketFileSystem = 0x534F434B;

// The kernel gathers as much before it gives any of it.
constexpr size_t kBufferSize = 1 << 15;

// The program, and the number of the kernel's function that it stands for.
struct Program {
  std::vector<bpf_insn> instructions;
  uint32_t function;
};

// As the program writes it, there is no gap in it.
static_assert(sizeof(HeldSocket) == 40);

// Where in the frame a member of a HeldSocket lies.
constexpr int Place(size_t member) { return static_cast<int>(member) - static_cast<int>(sizeof(HeldSocket)); }

// Called with a task and one of its files, and once at the end with neither.
constexpr char kContext[] = "bpf_iter__task_file";
constexpr char kFunction[] = "bpf_iter_task_file";

using R = Register;

// r6 is the context, r7 the task, r8 its file, and r9 the first task of the process.
void TakeArguments(const KernelTypes& types, BpfAssembler& program) {
  program.Copy(R::r6, R::r1);
  program.Load64(R::r7, R::r6, types.Offset(kContext, "task"));
  program.LeaveIf(R::r7, 0);
  program.Load64(R::r8, R::r6, types.Offset(kContext, "file"));
  program.LeaveIf(R::r8, 0);
  program.Load64(R::r9, R::r7, types.Offset("task_struct", "group_leader"));
}

// Leaves if that is another thread than the first, unless the first has ended: all have the same descriptors.
void TakeProcess(const KernelTypes& types, BpfAssembler& program) {
  program.Load32(R::r1, R::r7, types.Offset("task_struct", "pid"));
  program.Load32(R::r2, R::r7, types.Offset("task_struct", "tgid"));
  program.Store32(Place(offsetof(HeldSocket, thread)), R::r1);
  program.Store32(Place(offsetof(HeldSocket, pid)), R::r2);
  program.SkipIfSame(R::r1, R::r2, 2);
  program.Load64(R::r1, R::r9, types.Offset("task_struct", "files"));
  program.LeaveUnless(R::r1, 0);
}

// Leaves if the file is no socket.
void TakeSocket(const KernelTypes& types, BpfAssembler& program) {
  program.Load64(R::r1, R::r8, types.Offset("file", "f_inode"));
  program.Load64(R::r2, R::r1, types.Offset("inode", "i_sb"));
  program.Load64(R::r2, R::r2, types.Offset("super_block", "s_magic"));
  program.LeaveUnless(R::r2, kSocketFileSystem);
  program.Load64(R::r1, R::r1, types.Offset("inode", "i_ino"));
  program.Store32(Place(offsetof(HeldSocket, inode)), R::r1);
  program.Load32(R::r1, R::r6, types.Offset(kContext, "fd"));
  program.Store32(Place(offsetof(HeldSocket, descriptor)), R::r1);
}

void TakeDescription(const KernelTypes& types, BpfAssembler& program) {
  program.Load64(R::r1, R::r9, types.Offset("task_struct", "start_boottime"));
  program.Store64(Place(offsetof(HeldSocket, start_time)), R::r1);
  program.Copy(R::r1, R::frame);
  program.Add(R::r1, Place(offsetof(HeldSocket, comm)));
  program.Set(R::r2, sizeof(HeldSocket::comm));
  program.Copy(R::r3, R::r9);
  program.Add(R::r3, static_cast<int32_t>(types.Offset("task_struct", "comm")));
  program.Call(Helper::probe_read_kernel);
}

void Write(const KernelTypes& types, BpfAssembler& program) {
  program.Load64(R::r1, R::r6, types.Offset(kContext, "meta"));
  program.Load64(R::r1, R::r1, types.Offset("bpf_iter_meta", "seq"));
  program.Copy(R::r2, R::frame);
  program.Add(R::r2, Place(0));
  program.Set(R::r3, sizeof(HeldSocket));
  program.Call(Helper::seq_write);
}

Program Assemble(const KernelTypes& types) {
  BpfAssembler program;
  TakeArguments(types, program);
  TakeProcess(types, program);
  TakeSocket(types, program);
  TakeDescription(types, program);
  Write(types, program);
  return {program.Finish(), types.Function(kFunction)};
}

}  // namespace

void ListHeldSockets(const std::function<bool(const HeldSocket&)>& take) {
  // As long as a kernel runs, its types stay what they are.
  static const Program program = Assemble(KernelTypes::Read());
  BpfIterator iterator(program.instructions, program.function);
  std::vector<HeldSocket> held(kBufferSize / sizeof(HeldSocket));
  while (const size_t size = iterator.Read(held.data(), held.size() * sizeof(HeldSocket))) {
    for (size_t i = 0; i < size / sizeof(HeldSocket); ++i) {
      if (!take(held[i])) return;
    }
  }
}

}  // namespace sockdiag
