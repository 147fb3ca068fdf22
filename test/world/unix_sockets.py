"""Unix sockets: every type and state, and names that a reader may stumble over."""

import ctypes
import os
import socket
import struct

from ledger import inode_of

STREAM, DGRAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
PATH_LIMIT = 108  # sizeof(sun_path); a path may fill it to the last byte
OTHER_UID = 2345
MESSAGE = b'u' * 1000

libc = ctypes.CDLL(None, use_errno=True)


def bind(sock, name):
    """bind() with exactly these bytes. Python's own wants room for a NUL that the kernel does not ask for."""
    address = struct.pack('=H', socket.AF_UNIX) + name
    if libc.bind(sock.fileno(), address, len(address)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'bind to {name!r}: {os.strerror(number)}')
    return sock


def unbound(kind):
    return socket.socket(socket.AF_UNIX, kind)


def bound(kind, name):
    return bind(unbound(kind), name)


def connected(kind, name):
    sock = unbound(kind)
    sock.connect(name)
    return sock


def listener(kind, name, backlog):
    sock = bound(kind, name)
    sock.listen(backlog)
    return sock


class Scenery:
    """Where paths are (`directory`, bytes) and what has been made."""

    def __init__(self, ledger, directory):
        self._directory = directory
        self.expect = ledger.expect_unix

    def path(self, name):
        return self._directory + b'/' + name


def names(scenery):
    """One idle datagram socket for each kind of name."""
    long_path = scenery.path(b'').ljust(PATH_LIMIT, b'p')
    for label, name in [
        ('path', scenery.path(b'plain')),
        ('relative path', b'relative'),
        ('path like an abstract name', b'@like-abstract'),
        ('path with newline', scenery.path(b'line one\nline two')),
        ('path that ends with a newline', scenery.path(b'last line\n')),
        ('path with bytes that are not UTF-8', scenery.path(b'\xff\xfe\xe9t\xe9')),
        ('path in UTF-8', scenery.path('caf\u00e9-\u2603'.encode())),
        ('path with blanks and numbers', scenery.path(b'a 12 * 34 b')),
        ('path of 108 bytes', long_path),
        ('path of one byte', b'p'),
        ('abstract name', b'\0abstract'),
        ('abstract name with NULs inside', b'\0one\0two\0\0three'),
        ('abstract name that ends with NULs', b'\0trailing\0\0'),
        ('abstract name with newline', b'\0line one\nline two'),
        ('abstract name with bytes that are not UTF-8', b'\0\xff\xfe'),
        ('abstract name of 108 bytes', b'\0'.ljust(PATH_LIMIT, b'a')),
        ('abstract name of one NUL', b'\0'),
    ]:
        scenery.expect(label, bound(DGRAM, name), 'CLOSE', name)


def odd_names(scenery):
    """Names that are not what was given to bind(), or no longer lead to the socket."""
    autobound = bound(DGRAM, b'')
    scenery.expect('autobound', autobound, 'CLOSE', autobound.getsockname())
    cut = scenery.path(b'cut')
    scenery.expect('path cut at its first NUL', bound(DGRAM, cut + b'\0tail'), 'CLOSE', cut)
    unlinked, renamed = scenery.path(b'unlinked'), scenery.path(b'renamed')
    scenery.expect('unlinked path', bound(STREAM, unlinked), 'CLOSE', unlinked)
    os.unlink(unlinked)
    scenery.expect('renamed path', bound(STREAM, renamed), 'CLOSE', renamed)
    os.rename(renamed, scenery.path(b'renamed-since'))


def unconnected(scenery):
    for kind in (STREAM, DGRAM, SEQPACKET):
        scenery.expect('unnamed and unconnected', unbound(kind), 'CLOSE', rqueue=0, wqueue=0)


def pairs(scenery):
    for kind in (STREAM, DGRAM, SEQPACKET):
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        scenery.expect('pair', one, 'ESTABLISHED', peer=other, shutdown='none')
        scenery.expect('pair', other, 'ESTABLISHED', peer=one, shutdown='none')


def pairs_with_unread(scenery):
    """A datagram socket tells the length of the first one only."""
    for kind, unread in ((STREAM, 2 * len(MESSAGE)), (DGRAM, len(MESSAGE)), (SEQPACKET, 2 * len(MESSAGE))):
        sender, receiver = socket.socketpair(socket.AF_UNIX, kind)
        sender.send(MESSAGE)
        sender.send(MESSAGE)
        scenery.expect('sender of unread bytes', sender, 'ESTABLISHED', peer=receiver, rqueue=0)
        scenery.expect('unread bytes', receiver, 'ESTABLISHED', peer=sender, rqueue=unread, wqueue=0)


def shut(scenery):
    """The peer of a stream is shut for the opposite direction."""
    for how, name, opposite in ((socket.SHUT_RD, 'rcv', 'send'), (socket.SHUT_WR, 'send', 'rcv'),
                                (socket.SHUT_RDWR, 'both', 'both')):
        one, other = socket.socketpair(socket.AF_UNIX, STREAM)
        one.shutdown(how)
        scenery.expect(f'shut down: {name}', one, 'ESTABLISHED', peer=other, shutdown=name)
        scenery.expect(f'its peer was shut down: {name}', other, 'ESTABLISHED', peer=one, shutdown=opposite)


def survivors(scenery):
    """The peer is closed and lives on without an inode, because the survivor holds it."""
    for kind in (STREAM, SEQPACKET):
        survivor, closed = socket.socketpair(socket.AF_UNIX, kind)
        closed.close()
        scenery.expect('its peer is closed', survivor, 'ESTABLISHED', peer=0, shutdown='both')


def listeners(scenery):
    """A client that still waits has a peer without inode; one that has closed leaves an icon of 0."""
    for kind, word in ((STREAM, b'stream'), (SEQPACKET, b'seqpacket')):
        name = scenery.path(word + b'-listener')
        sock = listener(kind, name, 4)
        clients = [connected(kind, name) for _ in range(3)]
        gone = clients.pop()
        gone.close()
        icons = sorted([0, *map(inode_of, clients)])
        scenery.expect('listener', sock, 'LISTEN', name, rqueue=3, wqueue=4, icons=icons)
        for client in clients:
            scenery.expect('client not yet accepted', client, 'ESTABLISHED', peer=0)
    idle = listener(STREAM, b'\0idle listener', 9)
    scenery.expect('idle abstract listener', idle, 'LISTEN', b'\0idle listener', rqueue=0, wqueue=9, icons=[])


def accepted(scenery):
    """The accepted end has its listener's name."""
    for kind, name in ((STREAM, scenery.path(b'accepted\nstream')), (SEQPACKET, b'\0accepted\0seqpacket')):
        client_name = name + b'-client'
        sock = listener(kind, name, 1)
        client = bound(kind, client_name)
        client.connect(name)
        server, _ = sock.accept()
        client.send(MESSAGE)
        scenery.expect('emptied listener', sock, 'LISTEN', name, rqueue=0, wqueue=1, icons=[])
        scenery.expect('client', client, 'ESTABLISHED', client_name, server)
        scenery.expect('accepted', server, 'ESTABLISHED', name, client, rqueue=len(MESSAGE))


def datagrams_to_a_server(scenery):
    """connect() to a datagram socket makes its target ESTABLISHED too (5.15), although that has no peer."""
    name = scenery.path(b'datagram-server')
    server = bound(DGRAM, name)
    clients = [connected(DGRAM, name) for _ in range(2)]
    for length, client in zip((300, 200), clients):
        client.send(MESSAGE[:length])
        scenery.expect('datagram client', client, 'ESTABLISHED', peer=server)
    scenery.expect('datagram server', server, 'ESTABLISHED', name, rqueue=300)


def of_another_user(scenery):
    name = scenery.path(b'of-another-user')
    sock = listener(STREAM, name, 2)
    os.fchown(sock.fileno(), OTHER_UID, -1)
    scenery.expect('listener of another user', sock, 'LISTEN', name)


SCENES = [names, odd_names, unconnected, pairs, pairs_with_unread, shut, survivors, listeners, accepted,
          datagrams_to_a_server, of_another_user]


def play(ledger, directory):
    os.chdir(directory)
    scenery = Scenery(ledger, os.fsencode(directory))
    for scene in SCENES:
        scene(scenery)
