// Network namespaces, and how to do something in another one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "system_error.h"

namespace sockdiag {

// A network namespace, by a file that leads there.
struct NetworkNamespace {
  std::string path;    // empty for that of the process
  uint64_t inode = 0;  // which one the file must lead to, by its inode number; 0 for any
};

// Calls `action` in the namespace, on a thread that ends with it, or on this one if it is the process's own:
// to enter that would need a privilege for nothing. Answers with the inode number of the namespace, or 0
// where there is no /proc that could tell it. Throws SystemError.
uint64_t RunInside(const NetworkNamespace& netns, const std::function<void()>& action);

}  // namespace sockdiag
