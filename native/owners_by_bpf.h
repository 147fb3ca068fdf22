// Which processes hold which sockets, of all that the kernel tells of by a program.
#pragma once

#include <cstdint>
#include <functional>

#include "owners.h"
#include "system_error.h"

namespace sockdiag {

// Those of sockets that are wanted, until it is cancelled; how many processes there are is not known. As with
// `ListHeldSockets`, it is for a process in the first namespaces of pids and of time, and throws what that
// does.
Owners OwnersByBpf(const std::function<bool(uint32_t inode)>& is_wanted,
                   const std::function<bool()>& is_cancelled);

}  // namespace sockdiag
