// What must be found. A sanitized addon has this in it, and does one of these things when it is loaded, if
// SOCKDIAG_FAULT names it: a harness that says nothing then would say nothing of the addon's own errors.
#include <climits>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

// What it is, the compiler cannot know, nor what a volatile pointer leads to.
volatile int one = 1;

void Overflow() {
  char* volatile bytes = new char[8];
  bytes[8] = 1;
  delete[] bytes;
}

void UseAfterFree() {
  int* volatile number = new int(1);
  delete number;
  one = *number;  // NOLINT(clang-analyzer-cplusplus.NewDelete): that is the fault
}

void Overrun() {
  volatile int most = INT_MAX;
  most = most + one;
}

void Leak() {
  char* volatile bytes = new char[4096];
  bytes[0] = 1;
  bytes = nullptr;
}

void Race() {
  int shared = 0;
  const auto count = [&shared] {
    for (int i = 0; i < 1000; ++i) shared += one;
  };
  std::thread first(count);
  std::thread second(count);
  first.join();
  second.join();
  one = shared > 0 ? 1 : 0;
}

__attribute__((constructor)) void Misbehave() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
  const char* fault = std::getenv("SOCKDIAG_FAULT");
  if (fault == nullptr) return;
  if (std::strcmp(fault, "overflow") == 0) Overflow();
  if (std::strcmp(fault, "use after free") == 0) UseAfterFree();
  if (std::strcmp(fault, "undefined") == 0) Overrun();
  if (std::strcmp(fault, "leak") == 0) Leak();
  if (std::strcmp(fault, "race") == 0) Race();
}

}  // namespace
