// A C++ library that is linked statically brings a demangler along, a third of the addon, for the
// words that it prints before it gives up. With this in its place they have a mangled name.
// untested: nobody calls it where that library is linked dynamically, as in a clone
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): it is that very one
extern "C" char* __cxa_demangle(const char* /*name*/, char* /*buffer*/, unsigned long* /*length*/,
                                int* status) {
  if (status != nullptr) *status = -2;  // not a valid name
  return nullptr;
}
