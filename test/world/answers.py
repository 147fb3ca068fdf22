"""What getsockopt() says of a socket: another way to what sock_diag tells of it."""

import ctypes
import errno
import socket

from link_ledger import meminfo_of
from structures import BbrInfo, MptcpInfo, SubflowData, TcpInfo, unpack

libc = ctypes.CDLL(None, use_errno=True)

# Python has no names for most.
IPPROTO_MPTCP, SOL_MPTCP = 262, 284
MPTCP_INFO, MPTCP_TCPINFO = 1, 2
TCP_INFO, TCP_CONGESTION, TCP_CC_INFO = 11, 13, 26
SO_PRIORITY, SO_MARK, SO_PROTOCOL = 12, 36, 38
IPV6_TCLASS = 67
MOST = 1024  # bytes; Python gives no more room, and none of them has so many
MOST_SUBFLOWS = 8

# Options of SOL_IP, for sockets of IPv6 too, by their names in a record.
SOCKOPT = {'recverr': 11, 'freebind': 15, 'mcLoop': 34, 'transparent': 19, 'mcAll': 49,
           'bindAddressNoPort': 24, 'recverrRfc4884': 26}


def unsigned(sock, level, option):
    return sock.getsockopt(level, option) & 0xffffffff


def protocol_of(sock):
    """Not always that of the listener: what a listener of MPTCP accepts may be plain TCP."""
    return sock.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL)


def common_answers(sock, protocol):
    found = {
        'skmeminfo': meminfo_of(sock),
        'mark': unsigned(sock, socket.SOL_SOCKET, SO_MARK),
        'priority': unsigned(sock, socket.SOL_SOCKET, SO_PRIORITY),
    }
    # MPTCP knows neither in IPv6.
    if sock.family == socket.AF_INET or protocol != IPPROTO_MPTCP:
        found['tos'] = sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
    if sock.family == socket.AF_INET6 and protocol != IPPROTO_MPTCP:
        found['tclass'] = sock.getsockopt(socket.IPPROTO_IPV6, IPV6_TCLASS)
    return found


def sockopt_answers(sock):
    return {name: bool(sock.getsockopt(socket.IPPROTO_IP, option)) for name, option in SOCKOPT.items()}


def tcp_answers(sock):
    cong = sock.getsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, 16).rstrip(b'\0').decode()
    found = {'cong': cong, 'sockopt': sockopt_answers(sock),
             'tcpInfo': unpack(TcpInfo, sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, MOST))}
    if cong == 'bbr':
        found['bbrInfo'] = unpack(BbrInfo, sock.getsockopt(socket.IPPROTO_TCP, TCP_CC_INFO, MOST))
    return found


def mptcp_answers(sock):
    try:
        info = sock.getsockopt(SOL_MPTCP, MPTCP_INFO, MOST)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOPROTOOPT):
            return {}  # it is plain TCP now
        raise
    return {'mptcpInfo': unpack(MptcpInfo, info), 'subflows': list(subflows_of(sock))}


def subflows_of(sock):
    """tcp_info of each subflow. How much room there is stands where the answer comes."""
    head, each = ctypes.sizeof(SubflowData), ctypes.sizeof(TcpInfo)
    length = ctypes.c_uint(head + MOST_SUBFLOWS * each)
    room = ctypes.create_string_buffer(bytes(SubflowData(head, 0, 0, each)), length.value)
    if libc.getsockopt(sock.fileno(), SOL_MPTCP, MPTCP_TCPINFO, room, ctypes.byref(length)) != 0:
        raise OSError(ctypes.get_errno(), 'MPTCP_TCPINFO')
    filled = SubflowData.from_buffer_copy(room)
    step = filled.size_user
    for start in range(head, head + filled.num_subflows * step, step):
        yield unpack(TcpInfo, room.raw[start:start + min(step, filled.size_kernel)])


def answers_of(sock):
    protocol = protocol_of(sock)
    found = common_answers(sock, protocol)
    if protocol == socket.IPPROTO_TCP:
        found.update(tcp_answers(sock))
    elif protocol == IPPROTO_MPTCP:
        found.update(mptcp_answers(sock))
    else:
        found['sockopt'] = sockopt_answers(sock)
    return found
