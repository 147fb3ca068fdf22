"""Sockets that were set up: what each option becomes in a record."""

import socket
import struct
from typing import NamedTuple

import cgroups
from answers import IPV6_TCLASS, SO_MARK, SO_PRIORITY, SOCKOPT

FIRST_PORT = 48000
MARK, PRIORITY, TOS, TCLASS = 0xfeed, 6, 0x48, 0x2c
UNREAD = b'y' * 700
TCP_MD5SIG, TCP_MD5SIG_EXT, TCP_MD5SIG_FLAG_PREFIX = 14, 32, 1
V4, V6 = socket.AF_INET, socket.AF_INET6
LOOPBACKS = {V4: '127.0.0.1', V6: '::1'}


class Kind(NamedTuple):
    name: str
    family: int
    type: int
    protocol: int

    def socket(self):
        return socket.socket(self.family, self.type, self.protocol)


KINDS = [
    Kind('TCP, IPv4', V4, socket.SOCK_STREAM, socket.IPPROTO_TCP),
    Kind('TCP, IPv6', V6, socket.SOCK_STREAM, socket.IPPROTO_TCP),
    Kind('UDP, IPv4', V4, socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    Kind('UDP, IPv6', V6, socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    # Left the kernel in 7.1.
    Kind('UDP-Lite, IPv4', V4, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE),
    Kind('UDP-Lite, IPv6', V6, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE),
]


def kinds():
    for kind in KINDS:
        try:
            kind.socket().close()
        except OSError:
            continue
        yield kind


class Scenery:
    """Each socket has a port of its own, whatever its kind."""

    def __init__(self, ledger, first_port=FIRST_PORT):
        self.expect = ledger.expect
        self._port = first_port

    def bound(self, kind, *options):
        """Listening if it can; `options` are (level, name, value)."""
        sock = kind.socket()
        for option in options:
            sock.setsockopt(*option)
        self._port += 1
        sock.bind((LOOPBACKS[kind.family], self._port))
        if kind.type == socket.SOCK_STREAM:
            sock.listen(3)
        return sock


def tuned(scenery, kind):
    options = [(socket.SOL_SOCKET, SO_MARK, MARK), (socket.IPPROTO_IP, socket.IP_TOS, TOS)]
    if kind.family == V6:
        options.append((socket.IPPROTO_IPV6, IPV6_TCLASS, TCLASS))
    # Last, because IP_TOS sets it too.
    options.append((socket.SOL_SOCKET, SO_PRIORITY, PRIORITY))
    scenery.expect(f'tuned, {kind.name}', scenery.bound(kind, *options))


def with_flags(scenery, kind):
    """Each option that a bit tells of, the other way than it is by default."""
    for name, option in SOCKOPT.items():
        value = 0 if name.startswith('mc') else 1
        scenery.expect(f'{name} = {value}, {kind.name}',
                       scenery.bound(kind, (socket.IPPROTO_IP, option, value)))


def with_unread(scenery, kind):
    sock = scenery.bound(kind)
    if kind.type == socket.SOCK_DGRAM:
        with kind.socket() as sender:
            for _ in range(3):
                sender.sendto(UNREAD, sock.getsockname())
    scenery.expect(f'with unread datagrams, {kind.name}', sock)


SCENES = [tuned, with_flags, with_unread]


def grouped(scenery):
    with cgroups.group() as known:
        for kind in kinds():
            scenery.expect(f'of a cgroup, {kind.name}', scenery.bound(kind), cgroupId=known)


def play_in_class(ledger):
    """The class is told instead of the priority. To be called before all else; see cgroups.py."""
    scenery = Scenery(ledger, FIRST_PORT + 500)

    def make(known):
        for kind in kinds():
            sock = scenery.bound(kind, (socket.SOL_SOCKET, SO_PRIORITY, PRIORITY))
            scenery.expect(f'of a class, {kind.name}', sock, classId=known)
    attempt(ledger, 'class', lambda: cgroups.in_net_class(make))


class Key(NamedTuple):
    """Of TCP-MD5: for peers whose address begins so."""
    address: str
    prefix: int
    content: bytes

    @property
    def family(self):
        return V6 if ':' in self.address else V4

    def give(self, sock):
        """By the older option where the whole address counts."""
        address = self.address if sock.family == self.family else f'::ffff:{self.address}'
        # Before the address stand the port, and in IPv6 the flow label.
        peer = struct.pack('=H2x' if sock.family == V4 else '=H6x', sock.family)
        peer += socket.inet_pton(sock.family, address)
        whole = self.prefix == 8 * len(socket.inet_pton(self.family, self.address))
        flags, prefix = (0, 0) if whole else (TCP_MD5SIG_FLAG_PREFIX, self.prefix)
        option = peer.ljust(128, b'\0')
        option += struct.pack('=BBHi80s', flags, prefix, len(self.content), 0, self.content)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG if whole else TCP_MD5SIG_EXT, option)

    def expected(self):
        return {'family': 'inet' if self.family == V4 else 'inet6', 'prefixlen': self.prefix,
                'keylen': len(self.content), 'addr': self.address, 'key': self.content.hex()}


KEYS = {
    V4: [Key('192.0.2.7', 32, b'whole address'), Key('198.51.100.0', 24, b'of a net'),
         Key('10.0.0.1', 32, b'k'),
         Key('0.0.0.0', 0, b'for all, of eighty bytes, as many as there can be'.ljust(80, b'.'))],
    V6: [Key('2001:db8::7', 128, b'whole\0address'), Key('2001:db8:1::', 48, b'of a net'),
         Key('::1', 128, b'\xff\n')],
}


def with_keys(scenery):
    for kind in KINDS[:2]:
        sock = scenery.bound(kind)
        for key in KEYS[kind.family]:
            key.give(sock)
        keys = [key.expected() for key in KEYS[kind.family]]
        scenery.expect(f'with keys, {kind.name}', sock, md5sig=keys)
    # For a peer of the other family.
    mapped = KINDS[1].socket()
    mapped.bind(('::', FIRST_PORT))
    mapped.listen(3)
    KEYS[V4][0].give(mapped)
    scenery.expect('with the key of an IPv4 peer, TCP, IPv6', mapped, md5sig=[KEYS[V4][0].expected()])


def play(ledger):
    scenery = Scenery(ledger)
    for kind in kinds():
        for scene in SCENES:
            scene(scenery, kind)
    attempt(ledger, 'cgroup', lambda: grouped(scenery))
    attempt(ledger, 'md5sig', lambda: with_keys(scenery))


def attempt(ledger, what, make):
    """Not every kernel has everything."""
    try:
        make()
    except OSError as error:
        ledger.lack(what, error)
