"""TCP Fast Open between two kernels: taken, refused, and put off until the first byte is written."""

import socket

import hosts
from transfer import CHUNK, End

FIRST_PORT = 44000
HELLO = CHUNK[:500]
TCP_FASTOPEN, TCP_FASTOPEN_CONNECT = 23, 30


def take_data(sock):
    sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 4)


def take_none(_):
    """As listeners do by default."""


def listen(host, address, tune):
    with host:
        listener = End(host, address, tune).socket(socket.IPPROTO_TCP)
        listener.listen(4)
    return listener


def call(host, listener):
    """A connection that says something at once: (client, server's end)."""
    with host:
        client = socket.socket(listener.family, socket.SOCK_STREAM)
        client.sendto(HELLO, socket.MSG_FASTOPEN, listener.getsockname())
    return client, listener.accept()[0]


def asking(world, ledger, address, label):
    """The first call has no cookie yet."""
    with listen(world.far, (address, FIRST_PORT), take_data) as listener:
        for what in ('the first call, for a cookie', 'a call with data'):
            client, server = call(world.near, listener)
            ledger.expect(f'fast open, {what}, {label}', client)
            ledger.keep(server)
    with listen(world.far, (address, FIRST_PORT + 1), take_none) as listener:
        client, server = call(world.near, listener)
        ledger.expect(f'fast open, data refused, {label}', client)
        ledger.keep(server)


def answering(world, ledger, address, label):
    listener = listen(world.near, (address, FIRST_PORT + 2), take_data)
    ledger.expect(f'fast open, listener, {label}', listener)
    for what in ('the first answer', 'an answer with data'):
        client, server = call(world.far, listener)
        ledger.expect(f'fast open, {what}, {label}', server)
        ledger.keep(client)


def put_off(world, ledger, address, label):
    """connect() has done nothing yet but say yes, since there is a cookie."""
    with world.near:
        sock = socket.socket(hosts.family_of(address), socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        sock.connect((address, FIRST_PORT))
    ledger.expect(f'fast open, put off, {label}', sock, deferConnect=True)


def play(world, ledger):
    cable = hosts.FIRST
    for label, near, far in (('IPv4', cable.near_ipv4, cable.far_ipv4),
                             ('IPv6', cable.near_ipv6, cable.far_ipv6)):
        asking(world, ledger, far, label)
        answering(world, ledger, near, label)
        put_off(world, ledger, far, label)
