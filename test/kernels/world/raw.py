"""Raw IP sockets. They have the protocol where others have their port."""

import os
import socket

import devices
from facts import LOOPBACK_INDEX, memory_of
from streams import IPV4, IPV6, PLACES

# RFC 3692 leaves 253 and 254 for experiments; each scene that receives has one for itself.
ICMP, ICMPV6, EXPERIMENT, OTHER_EXPERIMENT, RAW = 1, 58, 253, 254, 255
V4, V6 = socket.AF_INET, socket.AF_INET6
MESSAGE = b'r' * 300
MARK, PRIORITY, OTHER_UID = 0x72, 5, 4711
TRAFFIC_CLASS = 0x48
SMALL_BUFFER = 4096
FLOOD = 50


def open_raw(family, protocol, host=None, scope=0):
    sock = socket.socket(family, socket.SOCK_RAW, protocol)
    if host is not None:
        sock.bind((host, 0, 0, scope) if family == V6 else (host, 0))
    return sock


def expect(ledger, label, sock, state='CLOSE', **known):
    known = {'rawProtocol': sock.proto, 'skmeminfo': lambda: memory_of(sock), **known}
    ledger.expect_inet('raw', label, sock, state, **known)


def of_each_protocol(ledger):
    """A raw socket can be seen from the moment that it is made."""
    for family, protocol, host, label in (
        (V4, ICMP, '127.0.0.1', 'ICMP, IPv4 address'), (V4, EXPERIMENT, '127.0.0.1', '253, IPv4 address'),
        (V4, ICMP, None, 'ICMP, IPv4, unbound'), (V6, ICMPV6, '::1', 'ICMPv6, IPv6 address'),
        (V6, EXPERIMENT, '::1', '253, IPv6 address'), (V6, ICMPV6, None, 'ICMPv6, IPv6, unbound'),
    ):
        expect(ledger, label, open_raw(family, protocol, host))


def with_own_headers(ledger):
    """IPPROTO_RAW means IP_HDRINCL too."""
    expect(ledger, 'IPPROTO_RAW, IPv4', open_raw(V4, RAW), sockopt=['hdrincl'])
    expect(ledger, 'IPPROTO_RAW, IPv6', open_raw(V6, RAW))
    sock = open_raw(V4, EXPERIMENT, '127.0.0.1')
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    expect(ledger, 'IP_HDRINCL', sock, sockopt=['hdrincl'])


def connected(ledger):
    """connect() takes a port, which means nothing, and is kept. With port 0, getpeername() fails."""
    for place in PLACES:
        for port in (0, 777):
            sock = open_raw(place.family, EXPERIMENT, place.host)
            sock.connect((place.host, port))
            expect(ledger, f'connected, port {port}, {place.label}', sock, 'ESTABLISHED', dst=place.host)


def shut(ledger):
    for how, name in ((socket.SHUT_RD, 'rcv'), (socket.SHUT_WR, 'send'), (socket.SHUT_RDWR, 'both')):
        sock = open_raw(V4, EXPERIMENT, '127.0.0.1')
        sock.connect(('127.0.0.1', 0))
        sock.shutdown(how)
        expect(ledger, f'shut down: {name}', sock, 'ESTABLISHED', dst='127.0.0.1', shutdown=name)


def with_options(ledger):
    marked = open_raw(V4, EXPERIMENT, '127.0.0.1')
    marked.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    expect(ledger, 'SO_MARK', marked, mark=MARK)
    prior = open_raw(V6, EXPERIMENT, '::1')
    prior.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, PRIORITY)
    expect(ledger, 'SO_PRIORITY', prior, classId=PRIORITY)
    served = open_raw(V4, EXPERIMENT, '127.0.0.1')
    served.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TRAFFIC_CLASS)
    expect(ledger, 'IP_TOS', served, tos=TRAFFIC_CLASS)
    classed = open_raw(V6, EXPERIMENT, '::1')
    classed.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, TRAFFIC_CLASS)
    expect(ledger, 'IPV6_TCLASS', classed, tos=0, tclass=TRAFFIC_CLASS)
    owned = open_raw(V4, EXPERIMENT, '127.0.0.1')
    os.fchown(owned.fileno(), OTHER_UID, -1)
    expect(ledger, 'of another user', owned, uid=OTHER_UID)


def on_devices(ledger):
    for family in (V4, V6):
        sock = open_raw(family, EXPERIMENT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo\0')
        expect(ledger, f'device lo, {"IPv6" if family == V6 else "IPv4"}', sock, ifindex=LOOPBACK_INDEX)
    local = open_raw(V6, EXPERIMENT, devices.NEAR_LOCAL, devices.NEAR_INDEX)
    expect(ledger, 'link-local', local, ifindex=devices.NEAR_INDEX)


def send(target, protocol, count):
    family = V6 if ':' in target[0] else V4
    with open_raw(family, protocol) as sender:
        for _ in range(count):
            sender.sendto(MESSAGE, (target[0], 0))


def queued(ledger):
    """The queue counts memory, not bytes; SO_MEMINFO tells how much."""
    for place in PLACES:
        sock = open_raw(place.family, OTHER_EXPERIMENT, place.host)
        send(sock.getsockname(), OTHER_EXPERIMENT, 3)
        expect(ledger, f'unread datagrams, {place.label}', sock, nonzero='rqueue',
               rqueue=lambda sock=sock: memory_of(sock)['rmemAlloc'])


def overrun(ledger):
    sock = open_raw(V4, OTHER_EXPERIMENT, '127.0.0.2')
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    send(sock.getsockname(), OTHER_EXPERIMENT, FLOOD)
    if memory_of(sock)['drops'] == 0:
        raise RuntimeError(f'{FLOOD} datagrams fit into the smallest buffer')
    expect(ledger, 'datagrams dropped', sock, nonzero='rqueue')


def corked(ledger):
    """MSG_MORE keeps a datagram in the send queue."""
    for place in (IPV4, IPV6):
        sock = open_raw(place.family, OTHER_EXPERIMENT, place.host)
        sock.connect((place.host, 0))
        sock.send(MESSAGE, socket.MSG_MORE)
        expect(ledger, f'corked datagram, {place.label}', sock, 'ESTABLISHED', dst=place.host,
               nonzero='wqueue', wqueue=lambda sock=sock: memory_of(sock)['wmemAlloc'])


SOCKET = (V4, socket.SOCK_RAW, ICMP)
SCENES = [of_each_protocol, with_own_headers, connected, shut, with_options, on_devices, queued, overrun,
          corked]
