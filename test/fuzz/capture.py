"""Makes some sockets of each kind that this kernel has, in a network namespace of its own, and runs a command beside them.

    unshare --net python3 test/fuzz/capture.py COMMAND ...

No name of a socket is a path: what is recorded tells nothing of the machine.
"""

import socket
import subprocess
import sys

IPPROTO_MPTCP = 262
ETH_P_ALL = 3
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_ROUTE, NETLINK_GENERIC = 270, 1, 0, 16

kept = []


def made(family, kind, protocol=0):
    sock = socket.socket(family, kind, protocol)
    kept.append(sock)
    return sock


def streams(family, host, protocol, port):
    """A listener; a connection with bytes that nobody reads, one that waits to be accepted, and one half closed."""
    listener = made(family, socket.SOCK_STREAM, protocol)
    listener.bind((host, port))
    listener.listen(9)
    for number in range(3):
        client = made(family, socket.SOCK_STREAM, protocol)
        client.connect((host, port))
        if number == 0:
            continue
        server, _ = listener.accept()
        kept.append(server)
        client.send(b'hello')
        if number == 2:
            server.shutdown(socket.SHUT_WR)


def datagrams():
    for family, host in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
        server = made(family, socket.SOCK_DGRAM)
        server.bind((host, 6001))
        client = made(family, socket.SOCK_DGRAM)
        client.connect((host, 6001))
        client.send(b'hello')


def unix_sockets():
    listener = made(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind('\0listener')
    listener.listen(2)
    made(socket.AF_UNIX, socket.SOCK_STREAM).connect('\0listener')
    made(socket.AF_UNIX, socket.SOCK_DGRAM).bind(b'\0\xff\n\0odd')
    kept.extend(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))


def link_sockets():
    packet = made(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packet.bind(('lo', ETH_P_ALL))
    index = socket.if_nametoindex('lo')
    membership = index.to_bytes(4, sys.byteorder) + PACKET_MR_PROMISC.to_bytes(2, sys.byteorder) + bytes(10)
    packet.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
    made(socket.AF_PACKET, socket.SOCK_DGRAM)
    for protocol in NETLINK_ROUTE, NETLINK_GENERIC:
        netlink = made(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        netlink.bind((0, 0))
        netlink.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 3)


subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
streams(socket.AF_INET, '127.0.0.1', 0, 7001)
streams(socket.AF_INET6, '::1', 0, 7002)
streams(socket.AF_INET, '127.0.0.1', IPPROTO_MPTCP, 7003)
datagrams()
unix_sockets()
link_sockets()
sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)
