/*
 * Fills a network namespace with sockets and keeps them until standard input closes.
 *
 *   unshare --net populate tcp|unix COUNT
 *
 * Exactly COUNT sockets are listed by the kernel when "ready PID COUNT CLIENTS" has been printed; CLIENTS
 * of them have connected over TCP. Several processes share the work, because one may hold only so many
 * descriptors.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  SOCKETS_PER_CHILD = 18000,
  SPARE_DESCRIPTORS = 64,
  BACKLOG = 16,
  ROUTE_TYPE_LOCAL = 2, /* RTN_LOCAL */
};

/* Whether the namespace answers for every address of 2001:db8::/32; if not, all sockets are IPv4. */
static int have_inet6;

static void die(const char *format, ...) {
  int saved = errno;
  va_list arguments;
  va_start(arguments, format);
  fputs("populate: ", stderr);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, ": %s\n", strerror(saved));
  exit(1);
}

static int open_socket(int family, int type) {
  int fd = socket(family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  return fd;
}

/* ---- the namespace ---- */

/*
 * All namespaces share one table of TCP sockets, and a dump walks over everybody's, unless they were made to
 * have their own (Linux 6.1): of the same size here. Where that cannot be, the namespace stays as it is.
 */
static void move_to_own_table(void) {
  long entries = 0;
  FILE *shared = fopen("/proc/sys/net/ipv4/tcp_ehash_entries", "r");
  FILE *own = fopen("/proc/sys/net/ipv4/tcp_child_ehash_entries", "w");
  /* Negative where the table is another namespace's. */
  int is_set = shared != NULL && own != NULL && fscanf(shared, "%ld", &entries) == 1 &&
               fprintf(own, "%ld", labs(entries)) > 0;
  if (shared != NULL) fclose(shared);
  if (own != NULL && fclose(own) == 0 && is_set && unshare(CLONE_NEWNET) < 0) die("unshare");
}

static void bring_up_loopback(void) {
  struct ifreq request = { 0 };
  int fd = open_socket(AF_INET, SOCK_DGRAM);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) die("cannot bring up lo");
  close(fd);
}

/* 127.0.0.0/8 is local as a whole; a local route does the same for an IPv6 prefix, with no address to add. */
static int route_inet6_prefix(void) {
  struct in6_rtmsg route = { .rtmsg_type = ROUTE_TYPE_LOCAL, .rtmsg_dst_len = 32, .rtmsg_metric = 1 };
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int done;
  if (fd < 0) return 0;
  inet_pton(AF_INET6, "2001:db8::", &route.rtmsg_dst);
  route.rtmsg_ifindex = (int)if_nametoindex("lo");
  route.rtmsg_flags = RTF_UP | RTF_LOCAL;
  done = ioctl(fd, SIOCADDRT, &route) == 0;
  close(fd);
  return done;
}

/* ---- tcp ---- */

union address {
  struct sockaddr any;
  struct sockaddr_in inet;
  struct sockaddr_in6 inet6;
};

static socklen_t address_size(const union address *address) {
  return address->any.sa_family == AF_INET6 ? sizeof address->inet6 : sizeof address->inet;
}

/* Host `number` of group `group`: 127.group.x.y or 2001:db8:group::x:y. */
static union address make_address(int family, unsigned group, unsigned number, unsigned port) {
  union address address = { 0 };
  if (family == AF_INET) {
    address.inet.sin_family = AF_INET;
    address.inet.sin_port = htons((uint16_t)port);
    address.inet.sin_addr.s_addr = htonl(127u << 24 | group << 16 | (number / 250) << 8 | (number % 250 + 1));
  } else {
    uint16_t words[8] = { htons(0x2001), htons(0xdb8), htons((uint16_t)group), 0, 0, 0,
                          htons((uint16_t)(number / 250)), htons((uint16_t)(number % 250 + 1)) };
    address.inet6.sin6_family = AF_INET6;
    address.inet6.sin6_port = htons((uint16_t)port);
    memcpy(&address.inet6.sin6_addr, words, sizeof words);
  }
  return address;
}

static void bind_to(int fd, const union address *address) {
  int on = 1;
  /* The prefix is routed to this host but no address of it is assigned. */
  if (address->any.sa_family == AF_INET6) setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &on, sizeof on);
  /* Leaves the port to connect(), which needs it to be unique per destination only. */
  if (address->inet.sin_port == 0) setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, &address->any, address_size(address)) < 0) die("bind");
}

static int tcp_listener(const union address *address) {
  int fd = open_socket(address->any.sa_family, SOCK_STREAM);
  bind_to(fd, address);
  if (listen(fd, BACKLOG) < 0) die("listen");
  return fd;
}

static void tcp_pair(int listener, const union address *source, const union address *destination) {
  struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  int fd = open_socket(source->any.sa_family, SOCK_STREAM);
  bind_to(fd, source);
  /* Closing resets, so that no TIME_WAIT socket slows the next population. */
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (connect(fd, &destination->any, address_size(destination)) < 0) die("connect");
  if (accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0) die("accept");
}

/* How many of a child's sockets are listeners; the others are pairs. */
static unsigned tcp_listeners(unsigned count) {
  unsigned listeners = count < 1000 ? 2 : 4 * (1 + count / 4000);
  if (listeners % 2 != count % 2) listeners++;
  return listeners > count ? count : listeners;
}

/*
 * Few listeners and many pairs; every client has an address of its own, as a busy server sees them. The
 * filters of selections.mjs are about these addresses and ports.
 */
static void make_tcp(unsigned child, unsigned count) {
  enum { MOST_LISTENERS = 64 };
  unsigned listeners = tcp_listeners(count);
  int fds[MOST_LISTENERS];
  union address addresses[MOST_LISTENERS];
  for (unsigned i = 0; i < listeners; i++) {
    int family = have_inet6 && i % 4 == 1 ? AF_INET6 : AF_INET;
    addresses[i] = make_address(family, 1 + child, i, 8000 + i);
    fds[i] = tcp_listener(&addresses[i]);
  }
  for (unsigned i = 0; i < (count - listeners) / 2; i++) {
    const union address *destination = &addresses[i % listeners];
    union address source = make_address(destination->any.sa_family, 128 + child, i, 0);
    tcp_pair(fds[i % listeners], &source, destination);
  }
}

/* ---- unix ---- */

static int unix_bound(int type, const char *format, const char *prefix, unsigned child, unsigned number) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = open_socket(AF_UNIX, type);
  int length = snprintf(address.sun_path, sizeof address.sun_path, format, prefix, child, number);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);
  int is_abstract = address.sun_path[0] == '@';
  if (is_abstract) address.sun_path[0] = '\0';
  if (bind(fd, (struct sockaddr *)&address, size + !is_abstract) < 0) die("bind");
  return fd;
}

/* The accepted side carries the listener's name, as every connection to a well-known socket does. */
static void unix_connection(int listener) {
  struct sockaddr_un address;
  socklen_t size = sizeof address;
  int fd = open_socket(AF_UNIX, SOCK_STREAM);
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) die("getsockname");
  if (connect(fd, (struct sockaddr *)&address, size) < 0) die("connect");
  if (accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0) die("accept");
}

static void unlink_name(int fd) {
  struct sockaddr_un address;
  socklen_t size = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &size) == 0) unlink(address.sun_path);
}

static void unix_socketpair(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) die("socketpair");
}

/*
 * Of eight sockets: two nameless pairs, one connection to a listener with a path, one abstract datagram
 * socket and one with a path. The files are unlinked at once: the sockets keep their names.
 */
static void make_unix(unsigned child, unsigned count) {
  const char *directory = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
  char prefix[96];
  unsigned made = 1;
  int listener;
  snprintf(prefix, sizeof prefix, "%.64s/sockdiag-bench-%d", directory, (int)getpid());
  listener = unix_bound(SOCK_STREAM, "%s-%u-%u", prefix, child, 0);
  if (listen(listener, BACKLOG) < 0) die("listen");
  for (; made + 8 <= count; made += 8) {
    unix_socketpair();
    unix_socketpair();
    unix_connection(listener);
    unix_bound(SOCK_DGRAM, "@%s/%u/%u", "sockdiag-bench", child, made);
    unlink_name(unix_bound(SOCK_DGRAM, "%s-%u-%u", prefix, child, made));
  }
  for (; made < count; made++) unix_bound(SOCK_DGRAM, "@%s/%u/%u", "sockdiag-bench", child, made);
  unlink_name(listener);
}

/* ---- processes ---- */

static unsigned raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) die("setrlimit");
  if (limit.rlim_max >= SOCKETS_PER_CHILD + SPARE_DESCRIPTORS) return SOCKETS_PER_CHILD;
  errno = EMFILE;
  if (limit.rlim_max <= 2 * SPARE_DESCRIPTORS) die("hard limit %lu", (unsigned long)limit.rlim_max);
  return (unsigned)limit.rlim_max - SPARE_DESCRIPTORS;
}

/* Makes the sockets, says so by one byte, and sleeps until the parent kills it or dies. */
static void run_child(pid_t parent, int is_tcp, unsigned child, unsigned count, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) exit(1);
  if (is_tcp) make_tcp(child, count);
  else make_unix(child, count);
  if (write(ready, "", 1) != 1) exit(1);
  close(ready);
  for (;;) pause();
}

static pid_t start_child(int is_tcp, unsigned child, unsigned count, int ready[2]) {
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    close(ready[0]);
    run_child(parent, is_tcp, child, count, ready[1]);
  }
  return pid;
}

/* Ends early, with a message already written, when a child has failed: its end of the pipe closes. */
static int all_ready(int fd, unsigned children) {
  char byte;
  for (unsigned i = 0; i < children; i++) {
    if (read(fd, &byte, 1) != 1) return 0;
  }
  return 1;
}

static void wait_for_end_of_input(void) {
  char ignored[256];
  while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) continue;
}

int main(int argc, char **argv) {
  unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
  int is_tcp = argc == 3 && strcmp(argv[1], "tcp") == 0;
  if (count == 0 || (!is_tcp && strcmp(argv[1], "unix") != 0)) {
    fputs("usage: populate tcp|unix COUNT\n", stderr);
    return 2;
  }
  unsigned per_child = raise_descriptor_limit();
  unsigned children = (count + per_child - 1) / per_child;
  int ready[2];
  move_to_own_table();
  bring_up_loopback();
  have_inet6 = route_inet6_prefix();
  if (pipe(ready) < 0) die("pipe");
  pid_t *pids = calloc(children, sizeof *pids);
  if (pids == NULL) die("calloc");
  unsigned clients = 0;
  for (unsigned i = 0; i < children; i++) {
    unsigned share = count / children + (i < count % children);
    if (is_tcp) clients += (share - tcp_listeners(share)) / 2;
    pids[i] = start_child(is_tcp, i, share, ready);
  }
  close(ready[1]);
  int ok = all_ready(ready[0], children);
  if (ok) {
    printf("ready %d %u %u\n", (int)getpid(), count, clients);
    fflush(stdout);
    wait_for_end_of_input();
  }
  for (unsigned i = 0; i < children; i++) kill(pids[i], SIGKILL);
  while (wait(NULL) > 0) continue;
  free(pids);
  return ok ? 0 : 1;
}
