/** What --help prints. */
export const HELP = `Usage: sockdiag [options] [filter]
       sockdiag wait [options] [filter]
       sockdiag top [options] [filter]
       sockdiag exporter [options] [filter]
       sockdiag completion bash|zsh|fish

Prints the sockets of this machine, as the kernel tells them: in the form of ss(8), or as JSON.

  -t, --tcp  -u, --udp  -w, --raw  -M, --mptcp  -S, --sctp  -d, --dccp  -x, --unix  -0, --packet
                      sockets of these kinds (without any of these: of all)
      --vsock  --tipc  --xdp
                      likewise
  -f, --family NAME   inet, inet6, unix, link, netlink, vsock, tipc or xdp
  -A, --query KINDS   several, with commas between them: tcp,unix_stream; without
                      some: inet,!udp (or --socket)
  -4, --ipv4  -6, --ipv6
                      only IPv4, or only IPv6
  -a, --all           in all states
  -l, --listening     only sockets that wait: listening, or not connected
                      (without either: only the connected ones)
  -B, --bound-inactive
                      TCP sockets that are bound, and neither listening nor connected
  -n, --numeric       numbers instead of the names of services
  -r, --resolve       names of hosts instead of their addresses
  -o, --options       timers
  -e, --extended      owner's uid, inode, cookie, mark, cgroup
  -m, --memory        the memory that a socket holds
  -i, --info          how connections of TCP, MPTCP and SCTP do: RTT, window, rates
  -p, --processes     the processes that hold it
  -T, --threads       the threads that hold it
  -Z, --context       the processes, with their contexts of SELinux
  -z, --contexts      likewise, and that of the socket
      --tos  --cgroup  --inet-sockopt  --tipcinfo
                      these
  -b, --bpf           the filters of packet sockets
      --no-bpf        find processes by /proc alone: load no program (BPF) into the kernel
  -H, --no-header     no headings
  -Q, --no-queues     no columns of queues
  -O, --oneline       one line for each socket
  -F, --filter FILE   the filter, or more of it, from a file; '-' is standard input
  -N, --net NAME      in another network namespace
  -s, --summary       how many there are
  -K, --kill          end these sockets, and print those that were ended
  -E, --events        print TCP and UDP sockets as they end
  -D, --diag FILE     write the kernel's messages to a file
      --from FILE     read them from a file, in place of the kernel
      --fallback proc read /proc/net where netlink is not supported
      --consistent    ask twice: a single answer can miss sockets while others are closed
      --json          one record a line, in JSON; bytes are hexadecimal text
      --fields A,B,C  just these fields of the records, in this order: src,sport,info.rtt
      --color WHEN    auto (the default: on a terminal, without NO_COLOR), always or never
  -h, --help          this text
  -V, --version       the version

sockdiag wait ends when there is such a socket: with 0, or with 124 when the time is up.
      --listen PORT   one that listens on this port of TCP
      --gone          when there is no such socket any more
      --timeout SECONDS

sockdiag top is a live view: who sends and receives how much; the key ? tells what there is.
      --interval SECONDS
                      from one look to the next (1)
      --once          one table, after one interval, as where output is no terminal

sockdiag exporter has numbers for Prometheus, at http://127.0.0.1:9532/metrics.
      --address ADDR  where it listens (127.0.0.1)
      --port PORT     where it listens (9532)
      --labels A,B    what tells them apart: local_port, remote_network, owner, netns, cgroup
      --limit N       how many values a label may have (50); all others count as 'other'
      --show A,B      what is asked for beside: info, skmeminfo (both); none for ''
      With it, --interval is how long an answer is given again (0), --timeout how long one may
      take (8), --events counts what ends too, and --net takes several: a,b, or all.

sockdiag completion prints a script for the shell: eval "$(sockdiag completion bash)"

Examples:
  sockdiag -tlnp                          who waits for TCP connections
  sockdiag -tn 'dport = :443'             connections to the port of https
  sockdiag state time-wait                what is left of closed ones
  sockdiag wait --listen 5432 --timeout 30
                                          until the database is there
  sockdiag top dport = :443               what the connections to the port of https do now
  sockdiag exporter --labels local_port   what goes on, for Prometheus
  sockdiag -Kt dst 192.0.2.7              ends all connections to a host
  sockdiag -ta4 --json                    all IPv4 TCP sockets, for another program
`;
