// How the tests of the engine count what they found.
#pragma once

#include <cstdio>
#include <string>

inline int passed = 0;
inline int failed = 0;

inline void Check(bool condition, const std::string& promise) {
  ++(condition ? passed : failed);
  if (!condition) std::printf("FAILED: %s\n", promise.c_str());
}

// The line that test/native.test.ts waits for, and the status to end with.
inline int Report() {
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
