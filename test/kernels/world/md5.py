"""TCP sockets with keys of TCP-MD5 (RFC 2385)."""

import errno
import socket
import struct
from typing import NamedTuple

from facts import family_name
from streams import IPV4, IPV6, TCP, bound, greet, pair

TCP_MD5SIG, TCP_MD5SIG_EXT, TCP_MD5SIG_FLAG_PREFIX = 14, 32, 1
V4, V6 = socket.AF_INET, socket.AF_INET6


class Key(NamedTuple):
    family: int
    addr: str
    secret: bytes
    prefixlen: int = None

    @property
    def fields(self):
        whole = 128 if self.family == V6 else 32
        prefixlen = whole if self.prefixlen is None else self.prefixlen
        return {'family': family_name(self.family), 'prefixlen': prefixlen, 'keylen': len(self.secret),
                'addr': self.addr}

    def packed(self, mapped):
        """struct tcp_md5sig. An IPv6 socket takes an IPv4 address as a v4-mapped one."""
        if self.family == V4 and not mapped:
            address = struct.pack('=HH4s', V4, 0, socket.inet_aton(self.addr))
        else:
            text = self.addr if self.family == V6 else f'::ffff:{self.addr}'
            address = struct.pack('=HHI16s', V6, 0, 0, socket.inet_pton(V6, text))
        flags = 0 if self.prefixlen is None else TCP_MD5SIG_FLAG_PREFIX
        return struct.pack('=128sBBHi80s', address, flags, self.prefixlen or 0, len(self.secret), 0,
                           self.secret)


def sign(sock, keys):
    for key in keys:
        option = TCP_MD5SIG if key.prefixlen is None else TCP_MD5SIG_EXT
        sock.setsockopt(socket.IPPROTO_TCP, option, key.packed(sock.family == V6))


def expect(ledger, label, sock, state, keys):
    """The newest key comes first. The secrets are not among the fields: not every reader may see them."""
    ordered = list(reversed(keys))
    secrets = {'keys': [key.secret.hex() for key in ordered]}
    ledger.expect_inet('tcp', f'TCP-MD5, {label}', sock, state, secrets,
                       md5sig=[key.fields for key in ordered])


def listeners(ledger):
    for label, place, keys in (
        ('one key, IPv4', IPV4, [Key(V4, '127.0.0.9', b'secret')]),
        ('several keys, IPv4', IPV4, [
            Key(V4, '192.0.2.7', b'\0binary\xff'), Key(V4, '198.51.100.0', b'p' * 80, 24),
            Key(V4, '0.0.0.0', b'anybody', 0)]),
        ('keys, IPv6', IPV6, [Key(V6, '2001:db8::7', b'six'), Key(V6, '2001:db8:1::', b'sixty-four', 64)]),
    ):
        sock = bound(TCP, place)
        sign(sock, keys)
        sock.listen()
        expect(ledger, f'listener, {label}', sock, 'LISTEN', keys)


def dual_stack(ledger):
    """An IPv6 socket may have keys of both families, and tells those of IPv4 as such."""
    sock = socket.socket(V6, *TCP)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(('::', 0))
    keys = [Key(V4, '192.0.2.8', b'four'), Key(V6, '2001:db8::8', b'six')]
    sign(sock, keys)
    sock.listen()
    expect(ledger, 'listener, dual-stack', sock, 'LISTEN', keys)


def connected(ledger):
    """The server's end inherits the key that is the client's."""
    for place in (IPV4, IPV6):
        key = Key(place.family, place.host, b'between friends')
        near, far = pair(TCP, place, lambda sock: sign(sock, [key]))
        greet(near, far)
        expect(ledger, f'client, {place.label}', near, 'ESTABLISHED', [key])
        expect(ledger, f'server, {place.label}', far, 'ESTABLISHED', [key])


def has_md5():
    with socket.socket(V4, *TCP) as sock:
        try:
            sign(sock, [Key(V4, '127.0.0.9', b'secret')])
        except OSError as error:
            if error.errno == errno.ENOPROTOOPT:
                return False
            raise
    return True


def play(ledger):
    if not has_md5():
        ledger.lack('md5sig')
        return
    for scene in (listeners, dual_stack, connected):
        scene(ledger)


SOCKET = (V4, *TCP)
SCENES = [play]
