"""Multipath TCP sockets, and the TCP sockets inside them.

An MPTCP socket and its subflows share the inode number. Only the MPTCP socket has a descriptor, so that the
cookies of the subflows cannot be asked for.
"""

import socket
import struct
import time

from devices import run
from facts import LOOPBACK_INDEX, ask, family_name, inode_of, tuple_of
from streams import BACKLOG, IPV4, PATIENCE, PLACES, TCP, Transport, client, greet, listener, pair

MPTCP = Transport(socket.SOCK_STREAM, socket.IPPROTO_MPTCP)
SOL_MPTCP, MPTCP_INFO, MPTCP_SUBFLOW_ADDRS = 284, 1, 3
MARK = 0x6d
OTHER_ADDRESS = '127.0.0.2'

# The members that every kernel has, without the limits and the sequence numbers; then what 6.5 added.
HEAD = struct.Struct('=3B5xII')
COUNTS, COUNTS_OFFSET = struct.Struct('=I4Q'), 44
COUNT_NAMES = ('retransmits', 'bytesRetrans', 'bytesSent', 'bytesReceived', 'bytesAcked')
# struct mptcp_subflow_data, and for each subflow two struct sockaddr_storage.
SUBFLOW_HEADER, SUBFLOW_END, MOST_SUBFLOWS = 16, 128, 4


def info_of(sock):
    info = sock.getsockopt(SOL_MPTCP, MPTCP_INFO, 256)
    subflows, signal, accepted, flags, token = HEAD.unpack_from(info)
    known = {'subflows': subflows, 'addAddrSignal': signal, 'addAddrAccepted': accepted, 'token': token,
             'flags': {'fallback': bool(flags & 1), 'remoteKeyReceived': bool(flags & 2)}}
    if len(info) >= COUNTS_OFFSET + COUNTS.size:
        known.update(zip(COUNT_NAMES, COUNTS.unpack_from(info, COUNTS_OFFSET)))
    return known


def token_of(sock):
    return info_of(sock)['token']


def ipv4_end(address):
    port, packed = struct.unpack_from('!2xH4s', address)
    return socket.inet_ntop(socket.AF_INET, packed), port


def joined_subflows(sock):
    """Both ends of each IPv4 subflow but the first."""
    size = 2 * SUBFLOW_END
    question = struct.pack('=4I', SUBFLOW_HEADER, 0, 0, size)
    answer = ask(sock, SOL_MPTCP, MPTCP_SUBFLOW_ADDRS, SUBFLOW_HEADER + MOST_SUBFLOWS * size, question)
    count, = struct.unpack_from('=I', answer, 4)
    for at in range(SUBFLOW_HEADER + size, SUBFLOW_HEADER + count * size, size):
        src, sport = ipv4_end(answer[at:])
        dst, dport = ipv4_end(answer[at + SUBFLOW_END:])
        yield {'src': src, 'sport': sport, 'dst': dst, 'dport': dport}


def expect_subflow(ledger, label, sock, state, mptcp=None, **known):
    ulp = {'name': 'mptcp'} if mptcp is None else {'name': 'mptcp', 'mptcp': mptcp}
    ledger.expect('tcp', f'subflow of MPTCP {label}', {
        'family': family_name(sock.family), 'state': state, **tuple_of(sock), 'inode': inode_of(sock),
        'ulpInfo': ulp, **known,
    })


def expect_end(ledger, label, sock):
    """Of the subflows, only one that joined knows the other end's token, and only at the client."""
    ledger.expect_inet('mptcp', label, sock, 'ESTABLISHED', info=lambda: info_of(sock))
    expect_subflow(ledger, label, sock, 'ESTABLISHED', {'tokenLoc': token_of(sock)})


def await_subflow(*ends):
    deadline = time.monotonic() + PATIENCE
    while not all(info_of(sock)['subflows'] for sock in ends):
        if time.monotonic() > deadline:
            raise TimeoutError('no second subflow was made')
        time.sleep(0.02)


def joined(ledger):
    """The client has another address, from where it makes a second subflow. No later connection may do so."""
    run(['ip', 'mptcp', 'endpoint', 'flush'])
    run(['ip', 'mptcp', 'limits', 'set', 'subflows', '1'])
    run(['ip', 'mptcp', 'endpoint', 'add', OTHER_ADDRESS, 'dev', 'lo', 'subflow'])
    with listener(MPTCP, IPV4) as target:
        near = client(MPTCP, IPV4, target)
        far, _ = target.accept()
        greet(near, far)
        await_subflow(near, far)
    run(['ip', 'mptcp', 'limits', 'set', 'subflows', '0'])
    for label, sock, tokens, device in (('client', near, {'tokenRem': token_of(far)}, LOOPBACK_INDEX),
                                        ('server', far, {}, 0)):
        expect_end(ledger, f'{label} of two subflows', sock)
        for ends in joined_subflows(sock):
            expect_subflow(ledger, f'{label} of two subflows, joined', sock, 'ESTABLISHED',
                           {'tokenLoc': token_of(sock), **tokens}, **ends, ifindex=device)


def listeners(ledger):
    for place in PLACES:
        sock = listener(MPTCP, place)
        ledger.expect_inet('mptcp', f'listener, {place.label}', sock, 'LISTEN', rqueue=0, wqueue=BACKLOG)
        expect_subflow(ledger, f'listener, {place.label}', sock, 'LISTEN')


def connected(ledger):
    for place in PLACES:
        near, far = pair(MPTCP, place)
        greet(near, far)
        expect_end(ledger, f'client, {place.label}', near)
        expect_end(ledger, f'server, {place.label}', far)


def marked(ledger):
    near, far = pair(MPTCP, IPV4, lambda sock: sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK))
    greet(near, far)
    expect_end(ledger, 'client, SO_MARK', near)
    expect_end(ledger, 'server, SO_MARK', far)


def fallen_back(ledger):
    """The server speaks plain TCP, and the client makes do. MPTCP_INFO is refused to it then."""
    target = listener(TCP, IPV4)
    near = client(MPTCP, IPV4, target)
    far, _ = target.accept()
    greet(near, far)
    ledger.expect_inet('mptcp', 'client of a TCP server', near, 'ESTABLISHED',
                       info={'subflows': 0, 'flags': {'fallback': True}})
    expect_subflow(ledger, 'client of a TCP server', near, 'ESTABLISHED')
    ledger.expect_inet('tcp', 'TCP listener of an MPTCP client', target, 'LISTEN')
    ledger.expect_inet('tcp', 'TCP server of an MPTCP client', far, 'ESTABLISHED')


SOCKET = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_MPTCP)
SCENES = [joined, listeners, connected, marked, fallen_back]
