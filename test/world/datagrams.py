"""UDP and UDP-Lite sockets. The two differ by nothing but the protocol, so each scene is played for both."""

import errno
import os
import socket
from typing import NamedTuple

import devices

D0 = devices.DEVICE_INDEXES[devices.NEAR_DEVICE]
LOOPBACK = devices.DEVICE_INDEXES['lo']
GROUP_IPV4, GROUP_IPV6 = '239.1.2.3', 'ff02::1234'
OTHER_UID = 4321
MARK = 0x53
MESSAGE = b'y' * 100
CORKED = b'z' * 50
V4, V6 = socket.AF_INET, socket.AF_INET6


class Protocol(NamedTuple):
    name: str
    number: int
    first_port: int


PROTOCOLS = [
    Protocol('udp', socket.IPPROTO_UDP, 34000),
    # Left the kernel in 7.1.
    Protocol('udplite', socket.IPPROTO_UDPLITE, 36000),
]


class Scenery:
    """Makes and records the sockets of one protocol."""

    def __init__(self, ledger, protocol):
        self._ledger = ledger
        self._protocol = protocol

    def bound(self, family, host, number, scope=0, device=None, v6only=None, shared=False):
        sock = socket.socket(family, socket.SOCK_DGRAM, self._protocol.number)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if v6only is not None:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        if device is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b'\0')
        sock.bind(self._address(family, host, number, scope))
        return sock

    def connected(self, family, host, number, peer, scope=0):
        """Nobody need listen at the other end, which is `peer`, port `number` + 1."""
        sock = self.bound(family, host, number, scope)
        sock.connect(self._address(family, peer, number + 1, scope))
        return sock

    def expect(self, label, sock, state='CLOSE', **known):
        known = {'ifindex': 0, 'shutdown': 'none', **known}
        self._ledger.expect_open(f'{self._protocol.name} {label}', self._protocol.name, state, sock, **known)

    def _address(self, family, host, number, scope):
        port = self._protocol.first_port + number
        return (host, port, 0, scope) if family == V6 else (host, port)


def unconnected(scenery):
    scenery.expect('IPv4 address', scenery.bound(V4, '127.0.0.1', 1), rqueue=0, wqueue=0)
    scenery.expect('IPv4 wildcard', scenery.bound(V4, '0.0.0.0', 2))
    scenery.expect('IPv6 address', scenery.bound(V6, '::1', 3), skv6only=True)
    scenery.expect('dual-stack wildcard', scenery.bound(V6, '::', 4, v6only=0), skv6only=False)
    scenery.expect('IPV6_V6ONLY', scenery.bound(V6, '::', 5, v6only=1), skv6only=True)
    scenery.expect('v4-mapped address', scenery.bound(V6, '::ffff:127.0.0.1', 6, v6only=0), skv6only=False)
    scenery.expect('link-local', scenery.bound(V6, devices.NEAR_LOCAL, 7, scope=D0), ifindex=D0)
    scenery.expect('device d0', scenery.bound(V4, '0.0.0.0', 8, device='d0'), ifindex=D0)
    scenery.expect('device lo, IPv6', scenery.bound(V6, '::', 9, device='lo'), ifindex=LOOPBACK)
    scenery.expect('first of a shared port', scenery.bound(V4, '127.0.0.1', 10, shared=True))
    scenery.expect('second of a shared port', scenery.bound(V4, '127.0.0.1', 10, shared=True))


def connected(scenery):
    v4 = scenery.connected(V4, '127.0.0.1', 20, '127.0.0.1')
    v6 = scenery.connected(V6, '::1', 22, '::1')
    mapped = scenery.connected(V6, '::ffff:127.0.0.1', 24, '::ffff:127.0.0.1')
    local = scenery.connected(V6, devices.NEAR_LOCAL, 26, devices.FAR_LOCAL, scope=D0)
    scenery.expect('connected IPv4', v4, 'ESTABLISHED')
    scenery.expect('connected IPv6', v6, 'ESTABLISHED')
    scenery.expect('connected v4-mapped', mapped, 'ESTABLISHED')
    scenery.expect('connected link-local', local, 'ESTABLISHED', ifindex=D0)


def shut(scenery):
    ways = ((30, socket.SHUT_RD, 'rcv'), (32, socket.SHUT_WR, 'send'), (34, socket.SHUT_RDWR, 'both'))
    for number, how, name in ways:
        sock = scenery.connected(V4, '127.0.0.1', number, '127.0.0.1')
        sock.shutdown(how)
        scenery.expect(f'shut down: {name}', sock, 'ESTABLISHED', shutdown=name)


def queued(scenery):
    """Three unread datagrams for each; the queue counts memory, not bytes."""
    for number, family, host in ((40, V4, '127.0.0.1'), (41, V6, '::1')):
        receiver = scenery.bound(family, host, number)
        for _ in range(3):
            send_once(receiver.getsockname(), family, receiver.proto)
        scenery.expect(f'unread datagrams, {host}', receiver, nonzero='rqueue', wqueue=0)


def send_once(target, family, protocol):
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as sender:
        sender.sendto(MESSAGE, target)


def corked(scenery):
    """MSG_MORE keeps the datagram in the send queue until the next one without it."""
    for number, family, host in ((44, V4, '127.0.0.1'), (46, V6, '::1')):
        sock = scenery.connected(family, host, number, host)
        sock.send(CORKED, socket.MSG_MORE)
        scenery.expect(f'corked datagram, {host}', sock, 'ESTABLISHED', rqueue=0, nonzero='wqueue')


def multicast(scenery):
    scenery.expect('IPv4 group', scenery.bound(V4, GROUP_IPV4, 50))
    # The scope is part of the address here: binding to it binds to the device.
    scenery.expect('IPv6 group', scenery.bound(V6, GROUP_IPV6, 51, scope=D0), ifindex=D0)


def owned_and_marked(scenery):
    owned = scenery.bound(V4, '127.0.0.1', 60)
    os.fchown(owned.fileno(), OTHER_UID, -1)
    scenery.expect('of another user', owned)
    marked = scenery.bound(V6, '::1', 61)
    marked.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    scenery.expect('marked', marked, mark=MARK)


SCENES = [unconnected, connected, shut, queued, corked, multicast, owned_and_marked]


def supported(protocol):
    try:
        socket.socket(V4, socket.SOCK_DGRAM, protocol.number).close()
    except OSError as error:
        if error.errno == errno.EPROTONOSUPPORT:
            return False
        raise
    return True


def play(ledger):
    for protocol in PROTOCOLS:
        if supported(protocol):
            for scene in SCENES:
                scene(Scenery(ledger, protocol))
