/*
 * The floor of lookups: what it costs to ask the kernel for one connection, tcp_info and all.
 *
 *   lookup COUNT [names]
 *
 * makes a TCP connection over loopback. For every line "run" on standard input it asks COUNT times for its server's
 * end, over a netlink socket that stays open, and answers with one line of JSON; with `names`, it first asks each time
 * for the connection's addresses, as who has but a descriptor must. For a line "count" it does the same, and answers how
 * many records were of that connection and had tcp_info.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

enum { BUFFER_SIZE = 32768 };

struct question {
  struct nlmsghdr header;
  struct inet_diag_req_v2 payload;
};

static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
static struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

static void die(const char *what) {
  fprintf(stderr, "lookup: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int accept_one(void) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0) die("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) die("getsockname");
  if (connect(client, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  int server = accept(listener, NULL, NULL);
  if (server < 0) die("accept");
  return server;
}

static void name(int connection, struct inet_diag_sockid *id) {
  struct sockaddr_in local, remote;
  socklen_t size = sizeof local;
  if (getsockname(connection, (struct sockaddr *)&local, &size) < 0) die("getsockname");
  size = sizeof remote;
  if (getpeername(connection, (struct sockaddr *)&remote, &size) < 0) die("getpeername");
  id->idiag_sport = local.sin_port;
  id->idiag_dport = remote.sin_port;
  id->idiag_src[0] = local.sin_addr.s_addr;
  id->idiag_dst[0] = remote.sin_addr.s_addr;
}

static size_t ask(int netlink, struct question *question) {
  struct sockaddr_nl sender;
  struct iovec part = { buffer, sizeof buffer };
  struct msghdr message = { .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1 };
  question->header.nlmsg_seq++;
  if (sendto(netlink, question, sizeof *question, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) die("sendto");
  ssize_t size = recvmsg(netlink, &message, 0);
  if (size < 0) die("recvmsg");
  return (size_t)size;
}

/* Whether the answer is of the connection, and has tcp_info. */
static int is_whole(size_t size, const struct question *question) {
  const size_t start = NLMSG_HDRLEN + sizeof(struct inet_diag_msg);
  struct nlmsghdr header;
  struct inet_diag_msg record;
  struct nlattr attribute;
  if (size < start) return 0;
  memcpy(&header, buffer, sizeof header);
  memcpy(&record, buffer + NLMSG_HDRLEN, sizeof record);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_seq != question->header.nlmsg_seq) return 0;
  if (record.id.idiag_dport != question->payload.id.idiag_dport) return 0;
  for (size_t at = start; at + sizeof attribute <= size; at += NLA_ALIGN(attribute.nla_len)) {
    memcpy(&attribute, buffer + at, sizeof attribute);
    if (attribute.nla_type == INET_DIAG_INFO) return 1;
    if (attribute.nla_len < sizeof attribute) return 0;
  }
  return 0;
}

int main(int argc, char **argv) {
  char line[64];
  if (argc < 2 || argc > 3) {
    fputs("usage: lookup COUNT [names]\n", stderr);
    return 2;
  }
  long count = strtol(argv[1], NULL, 10);
  int names = argc == 3;
  int connection = accept_one();
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0 || bind(netlink, (struct sockaddr *)&kernel, sizeof kernel) < 0) die("netlink");
  struct question question = {
    .header = { .nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
    .payload = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_ext = 1 << (INET_DIAG_INFO - 1) },
  };
  question.payload.id.idiag_cookie[0] = question.payload.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  name(connection, &question.payload.id);
  while (fgets(line, sizeof line, stdin) != NULL) {
    int counts = strcmp(line, "count\n") == 0;
    if (!counts && strcmp(line, "run\n") != 0) continue;
    long whole = 0;
    double start = now_ms();
    for (long i = 0; i < count; i++) {
      if (names) name(connection, &question.payload.id);
      size_t size = ask(netlink, &question);
      if (counts) whole += is_whole(size, &question);
    }
    if (counts) printf("{\"rows\":%ld}\n", whole);
    else printf("{\"ms\":%.6f}\n", now_ms() - start);
    fflush(stdout);
  }
  return 0;
}
