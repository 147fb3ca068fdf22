/*
 * The floor: what a dump costs when nothing is done with it.
 *
 *   floor tcp [EXT] | floor unix SHOW
 *
 * For every line "run" on standard input it opens a socket, sends the same requests as sockdiag does,
 * receives until each is done, closes the socket, and answers with one line of JSON. No record is looked
 * at.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  BUFFER_SIZE = 32768, /* the kernel sends no larger datagram than this */
  DONE_SIZE = NLMSG_HDRLEN + sizeof(int),
  TCP_STATES = 0x1ffe, /* every state but BOUND_INACTIVE */
  UNIX_STATES = 0x1ffe,
};

struct tally {
  unsigned long bytes;
  unsigned long datagrams;
};

static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
static unsigned sequence = 0x50d1a600;

static void die(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static size_t receive(int fd) {
  ssize_t size = recv(fd, buffer, sizeof buffer, 0);
  if (size < 0) die("recv");
  return (size_t)size;
}

static void request(int fd, unsigned type, unsigned flags, const void *payload, size_t size) {
  struct {
    struct nlmsghdr header;
    char payload[64];
  } message = { 0 };
  message.header.nlmsg_len = (unsigned)(NLMSG_HDRLEN + size);
  message.header.nlmsg_type = (unsigned short)type;
  message.header.nlmsg_flags = (unsigned short)flags;
  message.header.nlmsg_seq = ++sequence;
  if (size > 0) memcpy(message.payload, payload, size);
  if (send(fd, &message, message.header.nlmsg_len, 0) < 0) die("send");
}

/* Having once received into 32 KiB, the socket answers from the first datagram on in such chunks. */
static int open_primed(void) {
  struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
  int on = 1;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) die("socket");
  if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0) die("setsockopt");
  if (connect(fd, (struct sockaddr *)&kernel, sizeof kernel) < 0) die("connect");
  request(fd, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, NULL, 0);
  receive(fd);
  return fd;
}

/*
 * NLMSG_DONE is a datagram of its own or the last message of one, so its place is known either way. Records
 * cannot pass for it: they would have to hold this dump's sequence number behind its length and type.
 */
static int is_last(size_t size) {
  struct nlmsghdr first, last;
  int status;
  if (size < DONE_SIZE) die("short datagram");
  memcpy(&first, buffer, sizeof first);
  memcpy(&last, buffer + size - DONE_SIZE, sizeof last);
  if (first.nlmsg_type == NLMSG_ERROR) {
    fputs("floor: the kernel refuses the dump\n", stderr);
    exit(1);
  }
  if (last.nlmsg_len != DONE_SIZE || last.nlmsg_type != NLMSG_DONE || last.nlmsg_seq != sequence) return 0;
  memcpy(&status, buffer + size - sizeof status, sizeof status);
  if (status < 0) {
    fprintf(stderr, "floor: the kernel ends the dump with %s\n", strerror(-status));
    exit(1);
  }
  return 1;
}

static void drain(int fd, struct tally *tally) {
  size_t size;
  do {
    size = receive(fd);
    tally->bytes += size;
    tally->datagrams++;
  } while (!is_last(size));
}

static void dump_tcp(int fd, int family, unsigned ext, struct tally *tally) {
  struct inet_diag_req_v2 payload = {
    .sdiag_family = (unsigned char)family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = TCP_STATES,
    .idiag_ext = (unsigned char)ext
  };
  request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &payload, sizeof payload);
  drain(fd, tally);
}

static void dump_unix(int fd, unsigned show, struct tally *tally) {
  struct unix_diag_req payload = {
    .sdiag_family = AF_UNIX, .udiag_states = UNIX_STATES, .udiag_show = show
  };
  request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &payload, sizeof payload);
  drain(fd, tally);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void run(int is_tcp, unsigned show) {
  struct tally tally = { 0 };
  double start = now_ms();
  int fd = open_primed();
  if (is_tcp) {
    dump_tcp(fd, AF_INET, show, &tally);
    dump_tcp(fd, AF_INET6, show, &tally);
  } else {
    dump_unix(fd, show, &tally);
  }
  close(fd);
  printf("{\"ms\":%.6f,\"bytes\":%lu,\"datagrams\":%lu}\n", now_ms() - start, tally.bytes, tally.datagrams);
  fflush(stdout);
}

int main(int argc, char **argv) {
  char line[64];
  int is_tcp = (argc == 2 || argc == 3) && strcmp(argv[1], "tcp") == 0;
  if (!is_tcp && (argc != 3 || strcmp(argv[1], "unix") != 0)) {
    fputs("usage: floor tcp [EXT] | floor unix SHOW\n", stderr);
    return 2;
  }
  unsigned show = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 0) : 0;
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strcmp(line, "run\n") == 0) run(is_tcp, show);
  }
  return 0;
}
