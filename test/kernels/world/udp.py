"""UDP sockets: those whose mark, memory or traffic class is to be read. udplite.py plays the same."""

import socket
from functools import partial

from facts import memory_of
from streams import IPV4, PLACES, Transport, bound

MARK, TRAFFIC_CLASS = 0x75, 0x68
MESSAGE = b'u' * 400


def expect(ledger, kind, label, sock, state='CLOSE', **known):
    ledger.expect_inet(kind, label, sock, state, skmeminfo=lambda: memory_of(sock), **known)


def pairs(ledger, kind, transport):
    """The one has sent, the other has yet to read; its queue counts memory, not bytes."""
    for place in PLACES:
        sender, receiver = bound(transport, place), bound(transport, place)
        sender.connect(receiver.getsockname())
        receiver.connect(sender.getsockname())
        for _ in range(2):
            sender.send(MESSAGE)
        expect(ledger, kind, f'sender, {place.label}', sender, 'ESTABLISHED', rqueue=0)
        expect(ledger, kind, f'unread datagrams, {place.label}', receiver, 'ESTABLISHED', nonzero='rqueue',
               rqueue=lambda sock=receiver: memory_of(sock)['rmemAlloc'])


def with_options(ledger, kind, transport):
    for place in PLACES:
        marked = bound(transport, place)
        marked.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        expect(ledger, kind, f'SO_MARK, {place.label}', marked, mark=MARK)
        classed = bound(transport, place)
        if place is IPV4:
            classed.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TRAFFIC_CLASS)
            expect(ledger, kind, 'IP_TOS', classed, tos=TRAFFIC_CLASS)
        else:
            classed.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, TRAFFIC_CLASS)
            expect(ledger, kind, 'IPV6_TCLASS', classed, tos=0, tclass=TRAFFIC_CLASS)


def scenes(kind, protocol):
    transport = Transport(socket.SOCK_DGRAM, protocol)
    return [partial(scene, kind=kind, transport=transport) for scene in (pairs, with_options)]


SOCKET = (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
SCENES = scenes('udp', socket.IPPROTO_UDP)
