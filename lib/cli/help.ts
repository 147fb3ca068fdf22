/** What --help prints. */
export const HELP = `Usage: sockdiag [options] [filter]

Prints the sockets of this machine, as the kernel tells them: in the form of ss(8), or as JSON.

  -t, --tcp  -u, --udp  -w, --raw  -M, --mptcp  -S, --sctp  -d, --dccp  -x, --unix  -0, --packet
                      sockets of these kinds (without any of these: of all)
  -f, --family NAME   inet, inet6, unix, link or netlink
  -A, --query KINDS   several, with commas between them: tcp,unix_stream
  -4, --ipv4  -6, --ipv6
                      only IPv4, or only IPv6
  -a, --all           in all states
  -l, --listening     only sockets that wait: listening, or not connected
                      (without either: only the connected ones)
  -n, --numeric       numbers instead of the names of services
  -o, --options       timers
  -e, --extended      owner's uid, inode, cookie, mark, cgroup
  -m, --memory        the memory that a socket holds
  -p, --processes     the processes that hold it
      --tos  --cgroup  --inet-sockopt
                      these
  -H, --no-header     no headings
  -O, --oneline       one line for each socket
  -N, --net NAME      in another network namespace
      --json          one record a line, in JSON; bytes are hexadecimal text
  -h, --help          this text
  -V, --version       the version

Examples:
  sockdiag -tlnp                          who waits for TCP connections
  sockdiag -tn 'dport = :443'             connections to the port of https
  sockdiag state time-wait                what is left of closed ones
  sockdiag -ta4 --json                    all IPv4 TCP sockets, for another program
`;
