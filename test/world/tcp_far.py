"""TCP states that need a silent or misbehaving peer: one scene a state, played on each route to the far host.

A scene whose socket keeps its descriptor shows a full socket; one that closes it leaves an orphan or a
minisocket.
"""

import socket
from typing import NamedTuple

import devices
from far_host import FarEnd, FarHost
from ledger import Ledger, cookie_of

FAR_PORT = 7
GREETING = b'x' * 600
QUEUE_OF_A_FIN = 1  # a FIN counts as one byte


class Route(NamedTuple):
    """How this host speaks to the far one. Minisockets inherit `mark` (SO_MARK), so it differs by route."""
    label: str
    near: str
    far: str
    first_port: int
    mark: int
    device: str = ''

    @property
    def family(self):
        return socket.AF_INET6 if ':' in self.near else socket.AF_INET

    def address(self, host, port):
        if self.family == socket.AF_INET:
            return (host, port)
        return (host, port, 0, devices.DEVICE_INDEXES[self.device] if self.device else 0)


ROUTES = [
    Route('ipv4', devices.NEAR_IPV4, devices.FAR_IPV4, 14000, 0x14),
    Route('ipv6', devices.NEAR_IPV6, devices.FAR_IPV6, 16000, 0x16),
    Route('mapped', f'::ffff:{devices.NEAR_IPV4}', f'::ffff:{devices.FAR_IPV4}', 15000, 0),
    Route('link-local', devices.NEAR_LOCAL, devices.FAR_LOCAL, 17000, 0, devices.NEAR_DEVICE),
]


class Stage:
    """Where a scene plays: a route, and a port on it that no other scene uses."""

    def __init__(self, ledger: Ledger, far_host: FarHost, route: Route, number: int):
        self._ledger = ledger
        self._far_host = far_host
        self._route = route
        self.near = route.address(route.near, route.first_port + number)
        self.far = route.address(route.far, FAR_PORT)

    def socket(self):
        """A socket bound to this stage's port."""
        sock = socket.socket(self._route.family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._route.mark:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, self._route.mark)
        if self._route.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(self.near)
        return sock

    def far_end(self) -> FarEnd:
        return self._far_host.end(self.near[0], self.near[1], self.far[0], self.far[1])

    def call(self):
        """A socket that connects, with the answer still to be given."""
        sock = self.socket()
        sock.setblocking(False)
        sock.connect_ex(self.far)
        return sock

    def connect(self, window=0xffff):
        """A connection: (this host's socket, the far host's end)."""
        end = self.far_end()
        end.window = window
        sock = self.call()
        end.accept()
        return sock, end

    def expect_open(self, label, state, sock, **known):
        far = None if state == 'LISTEN' else self.far
        self._ledger.expect_open(self._label(label), 'tcp', state, sock, far=far, **self._common(known))

    def expect_closed(self, label, state, cookie=None, **known):
        """A socket without descriptor; `cookie` is what it had before it was closed."""
        if cookie is not None:
            known['cookie'] = cookie
        self._ledger.expect_inet(self._label(label), 'tcp', self._route.family, state, self.near, self.far,
                                 inode=0, **self._common(known))

    def _label(self, label):
        return f'{label}, {self._route.label}'

    def _common(self, known):
        ifindex = devices.DEVICE_INDEXES[self._route.device] if self._route.device else 0
        return {'mark': self._route.mark, 'ifindex': ifindex, **known}


def close(sock):
    """Closes a socket and gives the cookie by which what is left of it is known."""
    cookie = cookie_of(sock)
    sock.close()
    return cookie


def short_fin_wait2(stage):
    """Closed in FIN_WAIT2. FarScenes says how it becomes a minisocket that stays."""
    sock, end = stage.connect()
    sock.shutdown(socket.SHUT_WR)
    end.acknowledge_fin()
    stage.expect_closed('minisocket', 'FIN_WAIT2', close(sock), timer='timewait', rqueue=0, wqueue=0)


def syn_sent(stage):
    stage.expect_open('calls a silent host', 'SYN_SENT', stage.call(), timer='on', rqueue=0, wqueue=1)


def syn_received(stage):
    listener = stage.socket()
    listener.listen(16)
    stage.far_end().knock()
    stage.expect_open('listener with a half-open connection', 'LISTEN', listener, rqueue=0, wqueue=16)
    stage.expect_closed('half-open connection', 'SYN_RECV', timer='on', rqueue=0, wqueue=0)


def established_idle(stage):
    sock, _ = stage.connect()
    stage.expect_open('idle', 'ESTABLISHED', sock, timer='off', rqueue=0, wqueue=0)


def established_with_keepalive(stage):
    sock, _ = stage.connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    stage.expect_open('keepalive', 'ESTABLISHED', sock, timer='keepalive', rqueue=0, wqueue=0)


def established_unread(stage):
    sock, end = stage.connect()
    end.say(GREETING)
    stage.expect_open('unread bytes', 'ESTABLISHED', sock, timer='off', rqueue=len(GREETING), wqueue=0)


def established_unacknowledged(stage):
    sock, _ = stage.connect()
    sock.send(GREETING)
    stage.expect_open('unacknowledged bytes', 'ESTABLISHED', sock, timer='on', rqueue=0, wqueue=len(GREETING))


def established_unsent(stage):
    """The far host's window stays shut, and it does not answer the probes."""
    sock, _ = stage.connect(window=0)
    sock.send(GREETING)
    stage.expect_open('unsent bytes', 'ESTABLISHED', sock, timer='persist', rqueue=0, wqueue=len(GREETING))


def fin_wait1(stage):
    sock, end = stage.connect()
    sock.shutdown(socket.SHUT_WR)
    end.say(GREETING)
    stage.expect_open('unacknowledged FIN', 'FIN_WAIT1', sock, timer='on', shutdown='send',
                      rqueue=len(GREETING), wqueue=QUEUE_OF_A_FIN)


def fin_wait1_orphan(stage):
    sock, _ = stage.connect()
    stage.expect_closed('orphan', 'FIN_WAIT1', close(sock), timer='on', shutdown='both', rqueue=0,
                        wqueue=QUEUE_OF_A_FIN)


def fin_wait1_unsent(stage):
    sock, _ = stage.connect(window=0)
    sock.send(GREETING)
    sock.shutdown(socket.SHUT_WR)
    stage.expect_open('unsent FIN', 'FIN_WAIT1', sock, timer='persist', shutdown='send', rqueue=0,
                      wqueue=len(GREETING) + QUEUE_OF_A_FIN)


def fin_wait2(stage):
    sock, end = stage.connect()
    sock.shutdown(socket.SHUT_WR)
    end.acknowledge_fin()
    stage.expect_open('full socket', 'FIN_WAIT2', sock, timer='off', shutdown='send', rqueue=0, wqueue=0)


def fin_wait2_orphan(stage):
    """tcp_fin_timeout is long: all of it but the last minute is spent as a full socket."""
    sock, end = stage.connect()
    cookie = close(sock)
    end.acknowledge_fin()
    stage.expect_closed('orphan', 'FIN_WAIT2', cookie, timer='keepalive', shutdown='both', rqueue=0, wqueue=0)


def time_wait(stage):
    """Kept for longer than its minute by refresh()."""
    sock, end = stage.connect()
    cookie = close(sock)
    end.acknowledge_fin()
    end.finish()
    stage.expect_closed('closed by this host', 'TIME_WAIT', cookie, timer='timewait', rqueue=0, wqueue=0)
    return end


def close_wait(stage):
    sock, end = stage.connect()
    end.finish()
    stage.expect_open('unread FIN', 'CLOSE_WAIT', sock, timer='off', shutdown='rcv', rqueue=QUEUE_OF_A_FIN,
                      wqueue=0)


def last_ack(stage):
    sock, end = stage.connect()
    end.finish()
    end.hear_ack()
    sock.shutdown(socket.SHUT_WR)
    stage.expect_open('unacknowledged FIN', 'LAST_ACK', sock, timer='on', shutdown='both',
                      rqueue=QUEUE_OF_A_FIN, wqueue=QUEUE_OF_A_FIN)


def last_ack_orphan(stage):
    sock, end = stage.connect()
    end.finish()
    end.hear_ack()
    stage.expect_closed('orphan', 'LAST_ACK', close(sock), timer='on', shutdown='both', wqueue=QUEUE_OF_A_FIN)


def closing(stage):
    """Both FINs crossed, and ours is not acknowledged."""
    sock, end = stage.connect()
    sock.shutdown(socket.SHUT_WR)
    end.finish()
    stage.expect_open('FINs crossed', 'CLOSING', sock, timer='on', shutdown='both', rqueue=QUEUE_OF_A_FIN,
                      wqueue=QUEUE_OF_A_FIN)


def closing_orphan(stage):
    sock, end = stage.connect()
    cookie = close(sock)
    end.finish()
    stage.expect_closed('orphan', 'CLOSING', cookie, timer='on', shutdown='both', wqueue=QUEUE_OF_A_FIN)


# By port, which is the route's first port and this number.
SCENES = {
    2: syn_sent,
    3: syn_received,
    10: established_idle,
    11: established_with_keepalive,
    12: established_unread,
    13: established_unacknowledged,
    14: established_unsent,
    40: fin_wait1,
    41: fin_wait1_orphan,
    42: fin_wait1_unsent,
    50: fin_wait2,
    51: fin_wait2_orphan,
    80: close_wait,
    90: last_ack,
    91: last_ack_orphan,
    110: closing,
    111: closing_orphan,
}
SHORT_FIN_WAIT2_PORT = 52
TIME_WAIT_PORT = 60

MINUTE = 60
LONG_FIN_TIMEOUT = 10 * MINUTE


class FarScenes:
    """All scenes on all routes, or on those that are given."""

    def __init__(self, ledger, routes=ROUTES):
        self._ledger = ledger
        self._routes = routes
        self._far_host = FarHost()
        self._time_waits = []

    def play(self):
        self._play_short_fin_wait2()
        for route in self._routes:
            self._time_waits.append(time_wait(self._stage(route, TIME_WAIT_PORT)))
            for number, scene in SCENES.items():
                scene(self._stage(route, number))

    def _play_short_fin_wait2(self):
        """A closed FIN_WAIT2 socket stays full for (tcp_fin_timeout - 60 s) and then becomes a minisocket for
        as long again. The setting is read both times, so one that is 61 s at first and long within that
        second soon gives a minisocket that stays long.
        """
        devices.set_sysctl('ipv4/tcp_fin_timeout', MINUTE + 1)
        for route in self._routes:
            short_fin_wait2(self._stage(route, SHORT_FIN_WAIT2_PORT))
        devices.set_sysctl('ipv4/tcp_fin_timeout', LONG_FIN_TIMEOUT)

    def refresh(self):
        """To be called at least once a minute: TIME_WAIT would pass otherwise."""
        for end in self._time_waits:
            end.repeat()

    def deafen(self):
        """See FarHost.deafen()."""
        return self._far_host.deafen()

    def end(self):
        """To be called when all descriptors are closed: what is left of the connections goes too."""
        self._far_host.reset_all()

    def _stage(self, route, number):
        return Stage(self._ledger, self._far_host, route, number)
