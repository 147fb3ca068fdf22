/*
 * The bare walk: what it costs to find every socket that some process holds, when nothing is kept of it.
 *
 *   walk NAME
 *
 * For every line "run" on standard input it reads each link in /proc/PID/fd of all processes once, looks which are
 * sockets, and answers with one line of JSON. For a line "count" it answers how many of them the processes have that
 * are called NAME, standard input and output apart. What may not be read, or goes away meanwhile, is passed over.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

static void die(const char *what) {
  fprintf(stderr, "walk: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int is_number(const char *name) {
  return *name >= '0' && *name <= '9';
}

static int is_called(int proc, const char *pid, const char *name) {
  char path[300], comm[64];
  snprintf(path, sizeof path, "%s/comm", pid);
  int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, comm, sizeof comm);
  if (fd >= 0) close(fd);
  return size == (ssize_t)strlen(name) + 1 && memcmp(comm, name, strlen(name)) == 0;
}

/* Of a process, those with a descriptor of no less than this. */
static unsigned long sockets_of(int proc, const char *pid, int least) {
  char path[300], target[64];
  unsigned long sockets = 0;
  snprintf(path, sizeof path, "%s/fd", pid);
  int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return 0;
  DIR *directory = fdopendir(fd);
  if (directory == NULL) die("fdopendir");
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (!is_number(entry->d_name) || (least > 0 && atoi(entry->d_name) < least)) continue;
    ssize_t size = readlinkat(fd, entry->d_name, target, sizeof target);
    if (size > 8 && memcmp(target, "socket:[", 8) == 0) sockets++;
  }
  closedir(directory);
  return sockets;
}

/* Without a name, of all processes. */
static unsigned long walk(const char *name) {
  unsigned long sockets = 0;
  DIR *proc = opendir("/proc");
  if (proc == NULL) die("/proc");
  for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
    if (!is_number(entry->d_name)) continue;
    if (name == NULL) sockets += sockets_of(dirfd(proc), entry->d_name, 0);
    else if (is_called(dirfd(proc), entry->d_name, name))
      sockets += sockets_of(dirfd(proc), entry->d_name, STDERR_FILENO + 1);
  }
  closedir(proc);
  return sockets;
}

int main(int argc, char **argv) {
  char line[64];
  if (argc != 2) {
    fputs("usage: walk NAME\n", stderr);
    return 2;
  }
  while (fgets(line, sizeof line, stdin) != NULL) {
    int counts = strcmp(line, "count\n") == 0;
    if (!counts && strcmp(line, "run\n") != 0) continue;
    double start = now_ms();
    unsigned long sockets = walk(counts ? argv[1] : NULL);
    if (counts) printf("{\"rows\":%lu}\n", sockets);
    else printf("{\"ms\":%.6f}\n", now_ms() - start);
    fflush(stdout);
  }
  return 0;
}
