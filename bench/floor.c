/*
 * The floor: what a dump costs when nothing is done with it.
 *
 *   floor tcp [EXT [STATES SPORT DPORT [WORD...]]] | floor unix SHOW
 *
 * STATES is a mask; ports and states are those of the request's header, and the words, hexadecimal and in the
 * machine's byte order, are a filter's program.
 *
 * For every line "run" on standard input it opens a socket, sends the same requests as sockdiag does,
 * receives until each is done, closes the socket, and answers with one line of JSON. No record is looked
 * at; but for a line "count" it does the same and answers how many they were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum {
  BUFFER_SIZE = 32768, /* the kernel sends no larger datagram than this */
  MOST_WORDS = 256,
  DONE_SIZE = NLMSG_HDRLEN + sizeof(int),
  TCP_STATES = 0x1ffe, /* every state but BOUND_INACTIVE */
  UNIX_STATES = 0x1ffe,
};

struct tally {
  int counts; /* whether records are counted */
  unsigned long bytes;
  unsigned long datagrams;
  unsigned long records;
};

/* What is asked of TCP sockets, beside the family. */
struct tcp_question {
  struct inet_diag_req_v2 header;
  struct nlattr attribute; /* of the program: not there without one */
  uint32_t program[MOST_WORDS];
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
    char payload[sizeof(struct tcp_question)];
  } message;
  memset(&message.header, 0, sizeof message.header);
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

static unsigned long records_in(size_t size) {
  unsigned long records = 0;
  struct nlmsghdr header;
  for (size_t at = 0; at + sizeof header <= size; at += NLMSG_ALIGN(header.nlmsg_len)) {
    memcpy(&header, buffer + at, sizeof header);
    if (header.nlmsg_len < sizeof header) die("short message");
    records += header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
  }
  return records;
}

static void drain(int fd, struct tally *tally) {
  size_t size;
  do {
    size = receive(fd);
    tally->bytes += size;
    tally->datagrams++;
    if (tally->counts) tally->records += records_in(size);
  } while (!is_last(size));
}

static void dump_tcp(int fd, int family, struct tcp_question *question, struct tally *tally) {
  size_t size = sizeof question->header + question->attribute.nla_len;
  question->header.sdiag_family = (unsigned char)family;
  request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, question, size);
  drain(fd, tally);
}

static void dump_unix(int fd, unsigned show, struct tally *tally) {
  struct unix_diag_req payload = {
    .sdiag_family = AF_UNIX, .udiag_states = UNIX_STATES, .udiag_show = show
  };
  request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &payload, sizeof payload);
  drain(fd, tally);
}

/* Without a question for TCP sockets, it asks for unix sockets. */
static double run(struct tcp_question *question, unsigned show, struct tally *tally) {
  double start = now_ms();
  int fd = open_primed();
  if (question != NULL) {
    dump_tcp(fd, AF_INET, question, tally);
    dump_tcp(fd, AF_INET6, question, tally);
  } else {
    dump_unix(fd, show, tally);
  }
  close(fd);
  return now_ms() - start;
}

static unsigned number(const char *text) {
  return (unsigned)strtoul(text, NULL, 0);
}

/* From [EXT [STATES SPORT DPORT [WORD...]]]. */
static struct tcp_question tcp_question(int count, char **arguments) {
  struct tcp_question question = {
    .header = { .sdiag_protocol = IPPROTO_TCP, .idiag_states = TCP_STATES },
    .attribute = { .nla_type = INET_DIAG_REQ_BYTECODE },
  };
  if (count > 0) question.header.idiag_ext = (unsigned char)number(arguments[0]);
  if (count > 1) {
    question.header.idiag_states = number(arguments[1]);
    question.header.id.idiag_sport = htons((uint16_t)number(arguments[2]));
    question.header.id.idiag_dport = htons((uint16_t)number(arguments[3]));
  }
  if (count <= 4) return question;
  for (int i = 4; i < count; i++) question.program[i - 4] = (uint32_t)strtoul(arguments[i], NULL, 16);
  question.attribute.nla_len = (uint16_t)(sizeof question.attribute + 4 * (size_t)(count - 4));
  return question;
}

static int is_usage(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "unix") == 0) return 1;
  return argc >= 2 && argc <= 6 + MOST_WORDS && argc != 4 && argc != 5 && strcmp(argv[1], "tcp") == 0;
}

int main(int argc, char **argv) {
  char line[64];
  if (!is_usage(argc, argv)) {
    fputs("usage: floor tcp [EXT [STATES SPORT DPORT [WORD...]]] | floor unix SHOW\n", stderr);
    return 2;
  }
  int is_tcp = strcmp(argv[1], "tcp") == 0;
  struct tcp_question question = tcp_question(is_tcp ? argc - 2 : 0, argv + 2);
  unsigned show = is_tcp ? 0 : number(argv[2]);
  while (fgets(line, sizeof line, stdin) != NULL) {
    struct tally tally = { .counts = strcmp(line, "count\n") == 0 };
    if (!tally.counts && strcmp(line, "run\n") != 0) continue;
    double ms = run(is_tcp ? &question : NULL, show, &tally);
    if (tally.counts) printf("{\"rows\":%lu}\n", tally.records);
    else printf("{\"ms\":%.6f,\"bytes\":%lu,\"datagrams\":%lu}\n", ms, tally.bytes, tally.datagrams);
    fflush(stdout);
  }
  return 0;
}
