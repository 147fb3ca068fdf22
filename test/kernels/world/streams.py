"""Connections over the loopback, of any protocol that is used as TCP is."""

import socket
from typing import NamedTuple

BACKLOG = 5
GREETING = b'g' * 100
PATIENCE = 10.0  # seconds; the machine may be an emulated one


class Place(NamedTuple):
    label: str
    family: int
    host: str


IPV4 = Place('IPv4', socket.AF_INET, '127.0.0.1')
IPV6 = Place('IPv6', socket.AF_INET6, '::1')
PLACES = [IPV4, IPV6]


class Transport(NamedTuple):
    type: int
    protocol: int


TCP = Transport(socket.SOCK_STREAM, socket.IPPROTO_TCP)


def leave(sock):
    """No option is set."""


def new(transport, place, prepare=leave):
    sock = socket.socket(place.family, transport.type, transport.protocol)
    prepare(sock)
    return sock


def bound(transport, place, prepare=leave):
    sock = new(transport, place, prepare)
    sock.bind((place.host, 0))
    return sock


def listener(transport, place, prepare=leave, backlog=BACKLOG):
    sock = bound(transport, place, prepare)
    sock.listen(backlog)
    return sock


def client(transport, place, target, prepare=leave):
    """Connected to a listener, which has yet to accept it."""
    sock = bound(transport, place, prepare)
    sock.connect(target.getsockname())
    return sock


def pair(transport, place, prepare=leave, client_transport=None):
    """A live connection: (client, server's end). Its listener is closed again."""
    with listener(transport, place, prepare) as target:
        near = client(client_transport or transport, place, target, prepare)
        far, _ = target.accept()
    return near, far


def receive(sock, size):
    """Reads so many bytes of a stream, or complains that they do not come."""
    sock.settimeout(PATIENCE)
    read = 0
    while read < size:
        piece = sock.recv(size - read)
        if not piece:
            raise ConnectionError(f'the stream ended after {read} of {size} bytes')
        read += len(piece)
    sock.settimeout(None)


def greet(one, other):
    """A message each way, read on arrival."""
    for sender, receiver in ((one, other), (other, one)):
        sender.sendall(GREETING)
        receive(receiver, len(GREETING))
