"""SMC sockets. Without a device for it, a connection falls back to the TCP inside.

Such a socket is two: the SMC socket, which has the inode of the descriptor, and the TCP socket, to which the
descriptor leads from then on. So SO_COOKIE tells the SMC socket's cookie before the connection is made, the
TCP socket's afterwards, and the cookie of an accepted SMC socket never.
"""

import socket
from typing import NamedTuple

from facts import cookie_of, family_name, has_sockets, inode_of, tuple_of, uid_of
from streams import BACKLOG, IPV4, IPV6, Place, greet

AF_SMC, SMCPROTO_SMC, SMCPROTO_SMC6 = 43, 0, 1
IPPROTO_SMC = 256


class Kind(NamedTuple):
    """How a socket is made, and the family that its record shows."""
    label: str
    place: Place
    family: int
    protocol: int
    shown: str


NATIVE = [Kind('AF_SMC, IPv4', IPV4, AF_SMC, SMCPROTO_SMC, 'smc'),
          Kind('AF_SMC, IPv6', IPV6, AF_SMC, SMCPROTO_SMC6, 'smc')]
# Since 6.11.
AS_INET = [Kind('IPPROTO_SMC, IPv4', IPV4, socket.AF_INET, IPPROTO_SMC, 'inet'),
           Kind('IPPROTO_SMC, IPv6', IPV6, socket.AF_INET6, IPPROTO_SMC, 'inet6')]


class Pair(NamedTuple):
    near: socket.socket
    near_cookie: str
    far: socket.socket

    @property
    def fell_back(self):
        """Whether the descriptor leads to another socket than it did."""
        return cookie_of(self.near) != self.near_cookie

    @property
    def mode(self):
        """Of both ends; which of the other modes it is, the calls do not tell."""
        return {'mode': 'fallback_tcp'} if self.fell_back else {}


def kinds():
    return NATIVE + (AS_INET if has_sockets(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SMC) else [])


def new(kind):
    """Python makes no addresses for AF_SMC: to it, the socket is one of the family of its addresses."""
    sock = socket.socket(kind.family, socket.SOCK_STREAM, kind.protocol)
    return socket.socket(kind.place.family, socket.SOCK_STREAM, 0, sock.detach())


def bound(kind):
    sock = new(kind)
    sock.bind((kind.place.host, 0))
    return sock


def listener(kind):
    sock = bound(kind)
    sock.listen(BACKLOG)
    return sock


def pair(kind):
    with listener(kind) as target:
        near = bound(kind)
        cookie = cookie_of(near)
        near.connect(target.getsockname())
        far, _ = target.accept()
    greet(near, far)
    return Pair(near, cookie, far)


def expect(ledger, label, kind, sock, **known):
    """A socket that was made by IPPROTO_SMC shows its ports, but not its addresses. And of no addresses at all,
    nobody can say whether they are of IPv4.
    """
    ledger.keep(sock)
    ends = tuple_of(sock)
    if kind in AS_INET or ends['sport'] == 0:
        ends = {'sport': ends['sport'], 'dport': ends['dport']}
    ledger.expect('smc', f'{label}, {kind.label}', {
        **ends, 'inode': inode_of(sock), 'uid': uid_of(sock), 'shutdown': 'none', **known})


def expect_tcp(ledger, label, kind, sock, state, **known):
    """The TCP socket inside, whose inode is not the descriptor's."""
    ledger.expect('tcp', f'{label}, inside SMC, {kind.label}', {
        'family': family_name(kind.place.family), 'state': state, **tuple_of(sock), **known})


def idle(ledger):
    for kind in kinds():
        for label, make, state, inside in (('new', new, 'INIT', None), ('bound', bound, 'INIT', 'CLOSE'),
                                           ('listener', listener, 'LISTEN', 'LISTEN')):
            sock = make(kind)
            expect(ledger, label, kind, sock, family=kind.shown, state=state, cookie=cookie_of(sock))
            if inside is not None:
                expect_tcp(ledger, 'bound-inactive' if make is bound else label, kind, sock, inside)
    if kinds() == NATIVE:
        ledger.lack('smc IPPROTO_SMC')


def connected(ledger):
    """What is accepted is of AF_SMC, however its listener was made."""
    for kind in kinds():
        ends = pair(kind)
        expect(ledger, 'client', kind, ends.near, family=kind.shown, state='ACTIVE', cookie=ends.near_cookie,
               **ends.mode)
        expect(ledger, 'server', kind, ends.far, family='smc', state='ACTIVE', **ends.mode)
        for label, sock in (('client', ends.near), ('server', ends.far)):
            cookie = {'cookie': cookie_of(sock)} if ends.fell_back else {}
            expect_tcp(ledger, label, kind, sock, 'ESTABLISHED', **cookie)


def shut(ledger):
    """After a fallback, shutdown() is for the TCP inside, and the SMC socket does not know."""
    for kind in NATIVE:
        ends = pair(kind)
        ends.near.shutdown(socket.SHUT_WR)
        if not ends.fell_back:
            expect(ledger, 'shut down: send', kind, ends.near, cookie=ends.near_cookie, shutdown='send')
            expect(ledger, 'its peer was shut down: send', kind, ends.far)
            continue
        same = {'family': 'smc', 'state': 'ACTIVE', 'mode': 'fallback_tcp'}
        expect(ledger, 'TCP inside was shut down: send', kind, ends.near, cookie=ends.near_cookie, **same)
        expect(ledger, 'TCP inside its peer was shut down: send', kind, ends.far, **same)
        expect_tcp(ledger, 'shut down: send', kind, ends.near, 'FIN_WAIT2', shutdown='send',
                   cookie=cookie_of(ends.near))
        expect_tcp(ledger, 'its peer was shut down: send', kind, ends.far, 'CLOSE_WAIT', shutdown='rcv',
                   cookie=cookie_of(ends.far))


SOCKET = (AF_SMC, socket.SOCK_STREAM, SMCPROTO_SMC)
SCENES = [idle, connected, shut]
