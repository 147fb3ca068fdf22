"""DCCP sockets. They left the kernel in 6.16."""

import socket
import struct

from streams import GREETING, PATIENCE, PLACES, Transport, bound, listener, pair

SOCK_DCCP, IPPROTO_DCCP, SOL_DCCP = 6, 33, 269
DCCP_SOCKOPT_SERVICE = 2
SERVICE = 0x776f726c
DCCP = Transport(SOCK_DCCP, IPPROTO_DCCP)


def prepare(sock):
    """Both ends must name the same service."""
    sock.setsockopt(SOL_DCCP, DCCP_SOCKOPT_SERVICE, struct.pack('!I', SERVICE))


def exchange(one, other):
    """The client is not sure of the connection before it has heard from the server."""
    for sender, receiver in ((one, other), (other, one)):
        receiver.settimeout(PATIENCE)
        sender.send(GREETING)
        if receiver.recv(len(GREETING)) != GREETING:
            raise ConnectionError('a DCCP datagram was garbled')
        receiver.settimeout(None)


def listeners(ledger):
    for place in PLACES:
        ledger.expect_inet('dccp', f'listener, {place.label}', listener(DCCP, place, prepare), 'LISTEN')


def bound_only(ledger):
    for place in PLACES:
        ledger.expect_inet('dccp', f'bound-inactive, {place.label}', bound(DCCP, place, prepare), 'CLOSE')


def connected(ledger):
    for place in PLACES:
        client, server = pair(DCCP, place, prepare)
        exchange(client, server)
        ledger.expect_inet('dccp', f'client, {place.label}', client, 'ESTABLISHED')
        ledger.expect_inet('dccp', f'server, {place.label}', server, 'ESTABLISHED')


def unheard(ledger):
    """A client that has not heard from its server since is PARTOPEN, which older kernels tell nobody."""
    near, far = pair(DCCP, PLACES[0], prepare)
    ledger.expect_inet('dccp', 'client that has heard nothing', near, 'PARTOPEN')
    ledger.expect_inet('dccp', 'server that has said nothing', far, 'ESTABLISHED')


SOCKET = (socket.AF_INET, SOCK_DCCP, IPPROTO_DCCP)
SCENES = [listeners, bound_only, connected, unheard]
