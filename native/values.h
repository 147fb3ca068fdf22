// Values that several of the objects take from JavaScript, or give to it.
#pragma once

#include <vector>

#include <napi.h>

#include "failure.h"
#include "message_walker.h"
#include "network_namespace.h"

namespace sockdiag {

// Pairs of numbers (parent, child), in a Uint16Array; none if it is undefined.
std::vector<Nest> ReadNests(const Napi::Value& value);

// The file of a namespace, and its inode number or undefined.
NetworkNamespace ReadNetns(const Napi::Value& path, const Napi::Value& inode);

// The failure as a plain object for JavaScript, or undefined.
Napi::Value DescribeFailure(Napi::Env env, const Failure& failure);

}  // namespace sockdiag
