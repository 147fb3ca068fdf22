/*
 * What libstdc++ and libgcc_s of a glibc system ask of glibc and musl does not have, under the name of glibc's loader, which
 * they ask for as well: enough for a program that throws nothing through them.
 */
#include <stddef.h>
#include <stdint.h>

struct tm;
size_t strftime_l(char *, size_t, const char *, const struct tm *, void *);
long getrandom(void *, size_t, unsigned);

char __libc_single_threaded = 0;

struct {
  unsigned members[4];
} __cpu_model;

int __cpu_indicator_init(void) { return 0; }

uint32_t arc4random(void) {
  uint32_t number = 0;
  getrandom(&number, sizeof number, 0);
  return number;
}

size_t __strftime_l(char *to, size_t size, const char *form, const struct tm *when, void *locale) {
  return strftime_l(to, size, form, when, locale);
}

/* Where a thread ends, what it had is left to the end of the process. */
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *handle) {
  (void)destroy, (void)object, (void)handle;
  return 0;
}

/* For the unwinder, which would take -1 for "in no object". */
int _dl_find_object(void *address, void *result) {
  (void)address, (void)result;
  return -1;
}
