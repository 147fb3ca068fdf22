"""Connections of TCP, and data that goes over them both ways at once."""

import select
import socket
from typing import Callable, NamedTuple

from hosts import Host, family_of

PATIENCE = 10.0  # seconds without a byte
CHUNK = bytes(range(256)) * 256


def exchange(one, other, forth, back):
    """Moves so many bytes in each direction, all of which are read."""
    left = {one: [forth, back], other: [back, forth]}
    for sock in left:
        sock.setblocking(False)
    while any(map(any, left.values())):
        step(left)


def step(left):
    """`left` is what each is still to send and to receive."""
    readers = [sock for sock, (_, unread) in left.items() if unread]
    writers = [sock for sock, (unsent, _) in left.items() if unsent]
    readable, writable, _ = select.select(readers, writers, [], PATIENCE)
    if not readable and not writable:
        raise TimeoutError('no byte moves any more')
    for sock in readable:
        left[sock][1] -= len(sock.recv(len(CHUNK)))
    for sock in writable:
        left[sock][0] -= sock.send(CHUNK[:left[sock][0]])


def flood(sock, chunk=CHUNK):
    """Sends until no more is taken, and gives the number of bytes."""
    sock.setblocking(False)
    sent = 0
    try:
        while True:
            sent += sock.send(chunk)
    except BlockingIOError:
        return sent


def drain(sock, left):
    """Reads so many bytes."""
    sock.settimeout(PATIENCE)
    while left:
        found = sock.recv(left)
        if not found:
            raise EOFError(f'{left} bytes are missing')
        left -= len(found)


class End(NamedTuple):
    """One side of a connection to be. `tune` is given its socket before that is used."""
    host: Host
    address: tuple
    tune: Callable = lambda sock: None

    def socket(self, protocol):
        sock = socket.socket(family_of(self.address[0]), socket.SOCK_STREAM, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tune(sock)
        sock.bind(self.address)
        return sock


def connect(client, server, protocol=socket.IPPROTO_TCP):
    """Both sockets of a connection; that which listened is closed again."""
    with server.host, server.socket(protocol) as listener:
        listener.listen(1)
        with client.host:
            asking = client.socket(protocol)
            asking.connect(server.address)
        answering, _ = listener.accept()
    return asking, answering
