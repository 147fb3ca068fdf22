"""TCP sockets whose both ends are this host's: listeners, their queues, and connections."""

import os
import socket
from typing import NamedTuple

import devices
from ledger import Ledger, cookie_of

MESSAGE = b'x' * 1234
SMALL_BUFFER = 8192  # bytes; so that a flooded connection is full soon
OTHER_UID = 1234
MARK = 0x2a
TRAFFIC_CLASS = 0x20
# RECVERR, FREEBIND, TRANSPARENT: of these Python names IP_TRANSPARENT at best.
IPV4_FLAGS = (11, 15, 19)
IPV6_FLAGS = (25, 78, 75)


class Place(NamedTuple):
    """Where a connection is made: what the listener and its client are bound to. All ports are fixed."""
    label: str
    host: str
    client: str
    first_port: int
    scope: int = 0

    @property
    def listener_family(self):
        return socket.AF_INET6 if ':' in self.host else socket.AF_INET

    @property
    def client_family(self):
        return socket.AF_INET6 if ':' in self.client else socket.AF_INET

    def listener_address(self, number):
        return self._address(self.host, number)

    def client_address(self, number):
        return self._address(self.client, number)

    def _address(self, host, number):
        port = self.first_port + number
        return (host, port, 0, self.scope) if ':' in host else (host, port)


LINK_LOCAL_SCOPE = devices.DEVICE_INDEXES[devices.NEAR_DEVICE]
PLACES = [
    Place('ipv4', '127.0.0.1', '127.0.0.1', 24000),
    Place('ipv6', '::1', '::1', 26000),
    # The client is an AF_INET socket, the server's end an AF_INET6 one.
    Place('dual-stack', '::', '127.0.0.1', 25000),
    Place('link-local', devices.NEAR_LOCAL, devices.NEAR_LOCAL, 27000, LINK_LOCAL_SCOPE),
]


class Scenery:
    """Makes and records the sockets of one place."""

    def __init__(self, ledger: Ledger, place: Place):
        self._ledger = ledger
        self.place = place
        self._ifindex = place.scope

    def listener(self, number, backlog, receive_buffer=None):
        sock = socket.socket(self.place.listener_family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.bind(self.place.listener_address(number))
        sock.listen(backlog)
        return sock

    def client(self, number, listener_number):
        """A socket bound to a port of its own and connected to a listener of this place."""
        sock = socket.socket(self.place.client_family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        sock.bind(self.place.client_address(number))
        sock.connect(self.place.client_address(listener_number))
        return sock

    def pair(self, number, receive_buffer=None):
        """A live connection: (client, server's end). Its listener is closed again."""
        with self.listener(number, 1, receive_buffer) as listener:
            client = self.client(number + 1, number)
            server, _ = listener.accept()
        return client, server

    def expect(self, label, state, sock, **known):
        self._ledger.expect_open(f'{label}, {self.place.label}', 'tcp', state, sock,
                                 ifindex=self._ifindex_of(sock), **known)

    def expect_unaccepted(self, label, client):
        """The server's end of a connection that waits in the accept queue has no inode yet."""
        near, far = client.getpeername(), client.getsockname()
        if self.place.listener_family != self.place.client_family:
            near, far = mapped(near), mapped(far)
        self._ledger.expect_inet(f'{label}, {self.place.label}', 'tcp', self.place.listener_family,
                                 'ESTABLISHED', near, far, inode=0, ifindex=self._ifindex, rqueue=0, wqueue=0)

    def expect_orphan(self, label, state, client, **known):
        """Closes a client; what stays of it has its cookie and no inode."""
        near, far, cookie, ifindex = (client.getsockname(), client.getpeername(), cookie_of(client),
                                      self._ifindex_of(client))
        client.close()
        self._ledger.expect_inet(f'{label}, {self.place.label}', 'tcp', self.place.client_family, state, near,
                                 far, inode=0, cookie=cookie, ifindex=ifindex, **known)

    def _ifindex_of(self, sock):
        return self._ifindex if sock.family == socket.AF_INET6 else 0


def mapped(address):
    return (f'::ffff:{address[0]}', address[1])


def flood(sock):
    """Sends until neither the far end's buffer nor our own takes another byte."""
    sock.setblocking(False)
    try:
        while True:
            sock.send(MESSAGE)
    except BlockingIOError:
        pass


def listener_with_pending(scenery):
    listener = scenery.listener(1, backlog=5)
    for number in (2, 3):
        client = scenery.client(number, 1)
        scenery.expect('client not yet accepted', 'ESTABLISHED', client, rqueue=0, wqueue=0)
        scenery.expect_unaccepted('not yet accepted', client)
    scenery.expect('listener with two pending', 'LISTEN', listener, rqueue=2, wqueue=5)


def connection_with_unread(scenery):
    client, server = scenery.pair(10)
    client.send(MESSAGE)
    scenery.expect('sent all', 'ESTABLISHED', client, timer='off', rqueue=0, wqueue=0)
    scenery.expect('unread bytes', 'ESTABLISHED', server, timer='off', rqueue=len(MESSAGE), wqueue=0)


def flooded_connection(scenery):
    client, server = scenery.pair(20, receive_buffer=SMALL_BUFFER)
    flood(client)
    scenery.expect('unsent bytes', 'ESTABLISHED', client, timer='persist', rqueue=0)
    scenery.expect('full receive buffer', 'ESTABLISHED', server, timer='off', wqueue=0)


def flooded_orphan(scenery):
    """The reader answers its probes, so it stays for ever."""
    client, server = scenery.pair(22, receive_buffer=SMALL_BUFFER)
    flood(client)
    scenery.expect_orphan('orphan with unsent bytes', 'FIN_WAIT1', client, timer='persist', shutdown='both')
    scenery.expect('full, its peer an orphan', 'ESTABLISHED', server, timer='off', wqueue=0)


def half_closed(scenery):
    client, server = scenery.pair(30)
    client.shutdown(socket.SHUT_WR)
    scenery.expect('half closed', 'FIN_WAIT2', client, shutdown='send', rqueue=0, wqueue=0)
    scenery.expect('its peer half closed', 'CLOSE_WAIT', server, shutdown='rcv', rqueue=1, wqueue=0)


def shut_for_both(scenery):
    client, server = scenery.pair(32)
    client.shutdown(socket.SHUT_RDWR)
    scenery.expect('shut for both', 'FIN_WAIT2', client, shutdown='both', rqueue=0, wqueue=0)
    scenery.expect('its peer shut for both', 'CLOSE_WAIT', server, shutdown='rcv', rqueue=1, wqueue=0)


def shut_for_reading(scenery):
    client, server = scenery.pair(34)
    client.shutdown(socket.SHUT_RD)
    scenery.expect('shut for reading', 'ESTABLISHED', client, shutdown='rcv')
    scenery.expect('its peer shut for reading', 'ESTABLISHED', server, shutdown='none')


def closed_by_client(scenery):
    client, server = scenery.pair(36)
    scenery.expect_orphan('orphan', 'FIN_WAIT2', client, timer='keepalive', shutdown='both')
    scenery.expect('its peer an orphan', 'CLOSE_WAIT', server, shutdown='rcv', rqueue=1, wqueue=0)


def owned_by_another(scenery):
    """A child has the listener's owner until accept() gives it the accepting process's."""
    listener = scenery.listener(40, backlog=3)
    os.fchown(listener.fileno(), OTHER_UID, -1)
    client = scenery.client(41, 40)
    os.fchown(client.fileno(), OTHER_UID + 1, -1)
    server, _ = listener.accept()
    waiting = scenery.client(42, 40)
    scenery.expect('listener of another user', 'LISTEN', listener, rqueue=1, wqueue=3)
    scenery.expect('client of another user', 'ESTABLISHED', client)
    scenery.expect('accepted by root', 'ESTABLISHED', server)
    scenery.expect('client of a listener of another user', 'ESTABLISHED', waiting)
    # Its uid is the listener's from Linux 6.17 on, and 0 before.
    scenery.expect_unaccepted('not yet accepted from another user', waiting)


def marked(scenery):
    """The mark is inherited by accepted connections."""
    listener = scenery.listener(50, backlog=3)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    client = scenery.client(51, 50)
    server, _ = listener.accept()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK + 1)
    scenery.expect('marked listener', 'LISTEN', listener, mark=MARK)
    scenery.expect('unmarked client', 'ESTABLISHED', client, mark=0)
    scenery.expect('marked connection', 'ESTABLISHED', server, mark=MARK + 1)


def tuned(scenery):
    client, server = scenery.pair(60)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno')
    known = {'cong': 'reno', 'sockopt': ['freebind', 'transparent']}
    if client.family == socket.AF_INET:
        level, options = socket.IPPROTO_IP, IPV4_FLAGS
        client.setsockopt(level, socket.IP_TOS, TRAFFIC_CLASS)
        known['tos'] = TRAFFIC_CLASS
        known['sockopt'].append('recverr')  # of IPv6 sockets the kernel does not tell it
    else:
        level, options = socket.IPPROTO_IPV6, IPV6_FLAGS
        client.setsockopt(level, socket.IPV6_TCLASS, TRAFFIC_CLASS)
        known['tclass'] = TRAFFIC_CLASS
    for option in options:
        client.setsockopt(level, option, 1)
    scenery.expect('tuned', 'ESTABLISHED', client, **known)
    scenery.expect('its peer tuned', 'ESTABLISHED', server)


SCENES = [listener_with_pending, connection_with_unread, flooded_connection, flooded_orphan, half_closed,
          shut_for_both, shut_for_reading, closed_by_client, owned_by_another, marked, tuned]


def play(ledger):
    for place in PLACES:
        scenery = Scenery(ledger, place)
        for scene in SCENES:
            scene(scenery)
