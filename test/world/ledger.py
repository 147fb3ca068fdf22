"""What the world has made: the sockets that it keeps open, and what a reader must see of each of them."""

import os
import socket
import struct

SO_COOKIE = 57  # Python has no name for it
SHUTDOWN_NAMES = {None: 'none', socket.SHUT_RD: 'rcv', socket.SHUT_WR: 'send', socket.SHUT_RDWR: 'both'}
UNIX_TYPES = {socket.SOCK_STREAM: 'stream', socket.SOCK_DGRAM: 'dgram', socket.SOCK_SEQPACKET: 'seqpacket'}


def cookie_of(sock):
    """The kernel's name for a socket. It survives close(), but is read while there is a descriptor."""
    value, = struct.unpack('=Q', sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))
    return format(value, 'x')


def inode_of(sock):
    """sock_diag has 32 bits for an inode."""
    return os.fstat(sock.fileno()).st_ino & 0xffffffff


def vfs_of(path):
    """The file of a bound path; sock_diag has 32 bits for its inode."""
    status = os.stat(path)
    return {'inode': status.st_ino & 0xffffffff, 'dev': status.st_dev}


def endpoint(address):
    """(text, port) of a socket address; the text is RFC 5952 and has no scope."""
    text, port = address[0].partition('%')[0], address[1]
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, text)), port


def unconnected(family):
    """The far end of a socket that has none."""
    return ('::', 0) if family == socket.AF_INET6 else ('0.0.0.0', 0)


def far_end(sock):
    try:
        return sock.getpeername()
    except OSError:
        return unconnected(sock.family)


class Ledger:
    def __init__(self):
        self.expectations = []
        self._kept = []

    def keep(self, *sockets):
        self._kept.extend(sockets)

    def close(self):
        """Closes every socket; what the kernel goes on holding is for the far host to end."""
        for sock in self._kept:
            sock.close()
        self._kept.clear()

    def expect_open(self, label, protocol, state, sock, far=None, **known):
        """An IP socket that stays open. `known` holds further fields, by the record's names."""
        self.keep(sock)
        known.update(inode=inode_of(sock), uid=os.fstat(sock.fileno()).st_uid, cookie=cookie_of(sock))
        near = sock.getsockname()
        self.expect_inet(label, protocol, sock.family, state, near, far or far_end(sock), **known)

    def expect_inet(self, label, protocol, family, state, near, far, **known):
        """An IP socket without descriptor (any more): an orphan, a minisocket, a child not yet accepted."""
        src, sport = endpoint(near)
        dst, dport = endpoint(far)
        self.expectations.append({
            'label': label, 'protocol': protocol, 'family': 'inet6' if family == socket.AF_INET6 else 'inet',
            'state': state, 'src': src, 'sport': sport, 'dst': dst, 'dport': dport, **known,
        })

    def expect_unix(self, label, sock, state, name=None, peer=None, **known):
        """`name` is what was given to bind(); `peer` the other end, or 0 for one without inode."""
        self.keep(sock)
        expectation = {
            'label': label, 'protocol': 'unix', 'family': 'unix', 'type': UNIX_TYPES[sock.type],
            'state': state, 'inode': inode_of(sock), 'cookie': cookie_of(sock),
            'uid': os.fstat(sock.fileno()).st_uid, **known,
        }
        if name is not None:
            expectation['nameHex'] = name.hex()
        if name and not name.startswith(b'\0'):
            expectation['vfs'] = vfs_of(name)
        if peer is not None:
            expectation['peer'] = peer if isinstance(peer, int) else inode_of(peer)
        self.expectations.append(expectation)
