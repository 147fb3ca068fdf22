/*
 * Fills a network namespace with sockets that stay, and opens and closes others beside them without a pause:
 *
 *   unshare --net churn listeners|connections|datagrams|unix STABLE PASSING
 *
 * It prints "ready PID", and in one line the cookies of all STABLE sockets, each with its inode number. From then on each of
 * PASSING others is closed and opened anew in turn, until standard input closes. For each family what the kernel keeps in one chain of
 * its table is made longest: listeners share a port, as those of the workers of a server do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PORT = 7000, BACKLOG = 4096, TURNS = 64 };

/* One or two descriptors; a connection is two sockets. */
struct opened {
  int fds[2];
  int count;
};

static int acceptor = -1;

static void die(const char *what) {
  fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int must(int result, const char *what) {
  if (result < 0) die(what);
  return result;
}

static struct sockaddr_in here(uint16_t port) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void bring_up_loopback(void) {
  struct ifreq request = { 0 };
  int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  must(ioctl(fd, SIOCSIFFLAGS, &request), "cannot bring up lo");
  close(fd);
}

static int open_listener(uint16_t port) {
  const int on = 1;
  struct sockaddr_in address = here(port);
  int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
  must(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
  must(listen(fd, BACKLOG), "listen");
  return fd;
}

static struct opened listener(void) { return (struct opened){ { open_listener(PORT) }, 1 }; }

static struct opened connection(void) {
  const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  struct sockaddr_in address = here(PORT);
  int client = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  /* Closing leaves no TIME_WAIT, of which the ports would run out. */
  must(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "SO_LINGER");
  must(connect(client, (struct sockaddr *)&address, sizeof address), "connect");
  return (struct opened){ { client, must(accept4(acceptor, NULL, NULL, SOCK_CLOEXEC), "accept") }, 2 };
}

static struct opened datagram(void) {
  const int on = 1;
  struct sockaddr_in address = here(PORT);
  int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), "SO_REUSEPORT");
  must(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
  return (struct opened){ { fd }, 1 };
}

static struct opened unix_pair(void) {
  struct opened pair = { .count = 2 };
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.fds), "socketpair");
  return pair;
}

static const struct kind {
  const char *name;
  struct opened (*open)(void);
} kinds[] = {
  { "listeners", listener }, { "connections", connection }, { "datagrams", datagram }, { "unix", unix_pair }
};

static const struct kind *kind_named(const char *name) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
  fprintf(stderr, "churn: there is no '%s'\n", name);
  exit(2);
}

static void tell(struct opened opened) {
  for (int i = 0; i < opened.count; i++) {
    uint64_t cookie;
    socklen_t size = sizeof cookie;
    struct stat status;
    must(getsockopt(opened.fds[i], SOL_SOCKET, SO_COOKIE, &cookie, &size), "SO_COOKIE");
    must(fstat(opened.fds[i], &status), "fstat");
    printf("%" PRIx64 ":%ju ", cookie, (uintmax_t)status.st_ino);
  }
}

static void close_all(struct opened opened) {
  for (int i = 0; i < opened.count; i++) close(opened.fds[i]);
}

static int is_over(void) {
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
  return poll(&input, 1, 0) > 0;
}

int main(int argc, char **argv) {
  struct rlimit limit;
  if (argc != 4) return fputs("usage: churn KIND STABLE PASSING\n", stderr), 2;
  const struct kind *kind = kind_named(argv[1]);
  const long stable = atol(argv[2]);
  const long passing = atol(argv[3]);
  if (stable < 1 || passing < 1) return fputs("churn: how many?\n", stderr), 2;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  signal(SIGPIPE, SIG_IGN);
  bring_up_loopback();
  if (kind->open == connection) acceptor = open_listener(PORT);

  struct opened *others = calloc((size_t)passing, sizeof *others);
  if (others == NULL) die("calloc");
  printf("ready %d\n", (int)getpid());
  for (long made = 0; made < stable;) {
    struct opened one = kind->open();
    tell(one);
    made += one.count;
  }
  for (long i = 0; i < passing; i++) others[i] = kind->open();
  printf("\n");
  fflush(stdout);
  for (long turn = 0; turn % TURNS != 0 || !is_over(); turn++) {
    close_all(others[turn % passing]);
    others[turn % passing] = kind->open();
  }
  return 0;
}
