/** The structures that the library reads or writes, and which of the kernel's headers has each. */
import type { Structure } from './headers.js';

/** <linux/sctp.h> leaves `struct sockaddr_storage` and `uint32_t` to the C library. */
const HEADERS: Record<string, { names: string[]; includes?: string[] }> = {
  'linux/netlink.h': { names: ['nlmsghdr', 'nlattr', 'nlmsgerr'] },
  'linux/inet_diag.h': {
    names: [
      'inet_diag_req_v2',
      'inet_diag_sockid',
      'inet_diag_msg',
      'inet_diag_meminfo',
      'inet_diag_sockopt',
      'inet_diag_hostcond',
      'tcpvegas_info',
      'tcp_dctcp_info',
      'tcp_bbr_info',
    ],
  },
  'linux/tcp.h': { names: ['tcp_info', 'tcp_diag_md5sig'] },
  'linux/mptcp.h': { names: ['mptcp_info'] },
  'linux/sctp.h': { names: ['sctp_info'], includes: ['stdint.h', 'sys/socket.h'] },
  'linux/unix_diag.h': { names: ['unix_diag_req', 'unix_diag_msg', 'unix_diag_vfs', 'unix_diag_rqlen'] },
  'linux/packet_diag.h': {
    names: [
      'packet_diag_req',
      'packet_diag_msg',
      'packet_diag_info',
      'packet_diag_mclist',
      'packet_diag_ring',
    ],
  },
  'linux/filter.h': { names: ['sock_filter'] },
  'linux/netlink_diag.h': { names: ['netlink_diag_req', 'netlink_diag_msg', 'netlink_diag_ring'] },
  'linux/vm_sockets_diag.h': { names: ['vsock_diag_req', 'vsock_diag_msg'] },
  'linux/xdp_diag.h': {
    names: [
      'xdp_diag_req',
      'xdp_diag_msg',
      'xdp_diag_info',
      'xdp_diag_ring',
      'xdp_diag_umem',
      'xdp_diag_stats',
    ],
  },
  'linux/smc_diag.h': {
    names: [
      'smc_diag_req',
      'smc_diag_msg',
      'smc_diag_conninfo',
      'smc_diag_cursor',
      'smc_diag_linkinfo',
      'smc_diag_lgrinfo',
      'smcd_diag_dmbinfo',
      'smc_diag_fallback',
    ],
  },
  'linux/tipc_sockets_diag.h': { names: ['tipc_sock_diag_req'] },
};

export const STRUCTURES: readonly Structure[] = Object.entries(HEADERS).flatMap(
  ([header, { names, includes = [] }]) => names.map((name) => ({ name, header, includes })),
);
