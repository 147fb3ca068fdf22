"""Connections of TCP with a far host that loses, reorders, marks and forgets, each time in the same way.

A scene is a generator: it goes on a second after its first `yield`, when what was lost has been sent again.
"""

import contextlib
import socket
import struct
import time
from typing import NamedTuple

import devices
from answers import TCP_CONGESTION
from far_host import FarHost
from segments import ACK, CWR, ECE, PSH, SYN
from transfer import CHUNK, flood

ECN = 'ipv4/tcp_ecn'
FAR_PORT = 9
SEGMENT = 1000  # bytes
FLIGHT = 10  # segments that are sent at once
ECT1, ECT0, CE = 1, 2, 3  # of the traffic class
SMALL_BUFFER, SMALL_WINDOW = 4608, 4000  # bytes
STALL = 0.02  # seconds

SEGMENT_SIZE = struct.pack('!BBH', 2, 4, SEGMENT)
SACK_PERMITTED = b'\x01\x01\x04\x02'
WINDOW_SCALE = b'\x01\x03\x03\x05'
FAST_OPEN_COOKIE = b'\x01\x01\x22\x0acookie.8'

# To these addresses nothing is sent again before half a minute has passed, so that what is lost stays so.
PATIENT_IPV4, PATIENT_IPV6 = '192.0.2.66', '2001:db8::66'
PATIENT_ROUTES = f'''
neighbour add {PATIENT_IPV4} lladdr {devices.FAR_LINK} dev {devices.NEAR_DEVICE} nud permanent
neighbour add {PATIENT_IPV6} lladdr {devices.FAR_LINK} dev {devices.NEAR_DEVICE} nud permanent
route add {PATIENT_IPV4}/32 dev {devices.NEAR_DEVICE} rto_min 30s
route add {PATIENT_IPV6}/128 dev {devices.NEAR_DEVICE} rto_min 30s
'''


class Route(NamedTuple):
    label: str
    family: int
    near: str
    far: str
    patient: str
    first_port: int


ROUTES = [Route('IPv4', socket.AF_INET, devices.NEAR_IPV4, devices.FAR_IPV4, PATIENT_IPV4, 50000),
          Route('IPv6', socket.AF_INET6, devices.NEAR_IPV6, devices.FAR_IPV6, PATIENT_IPV6, 51000)]


class Call:
    """A connection in the making: this host's socket, and the far host's end of it."""

    def __init__(self, far_host, route, far, port):
        self.sock = socket.socket(route.family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, b'reno')
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.bind((route.near, port))
        self.sock.setblocking(False)
        self.end = far_host.end(route.near, port, far, FAR_PORT)
        self.far = (far, FAR_PORT)

    def connect(self, flags=0, options=SEGMENT_SIZE + SACK_PERMITTED + WINDOW_SCALE):
        self.sock.connect_ex(self.far)
        self.end.heard = self.end.hear(SYN).next_sequence
        self.end.send(SYN | ACK | flags, options=options)
        self.end.hear(ACK)

    def connect_fast(self):
        """With data in the SYN, or a question for the cookie that this needs."""
        with contextlib.suppress(BlockingIOError):
            self.sock.sendto(CHUNK[:SEGMENT], socket.MSG_FASTOPEN, self.far)
        return self.end.hear(SYN)

    def answer(self, syn, options=b''):
        """Takes no data."""
        self.end.heard = syn.sequence + 1 & 0xffffffff
        self.end.send(SYN | ACK, options=SEGMENT_SIZE + SACK_PERMITTED + options)
        self.end.hear(ACK)

    def send_flight(self, count=FLIGHT):
        """Where each segment starts, and where the last ends, in sequence numbers."""
        self.sock.send(CHUNK[:count * SEGMENT])
        edges = [self.end.heard + index * SEGMENT & 0xffffffff for index in range(count + 1)]
        while self.end.hear(ACK).next_sequence != edges[-1]:
            pass
        return edges

    def acknowledge(self, edge, *blocks, flags=0):
        """All before `edge`, and the segments in the blocks, which are pairs of edges."""
        self.end.heard = edge
        option = b''
        if blocks:
            option = struct.pack('!BBBB', 1, 1, 5, 2 + 8 * len(blocks))
            option += b''.join(struct.pack('!II', *block) for block in blocks)
        self.end.send(ACK | flags, options=option)


def recovering(call):
    call.connect()
    edges = call.send_flight()
    call.acknowledge(edges[0], (edges[2], edges[FLIGHT]))
    yield


def disordered(call):
    """Without SACK a single duplicate tells little."""
    call.connect(options=SEGMENT_SIZE)
    edges = call.send_flight()
    call.acknowledge(edges[1])
    call.acknowledge(edges[1])
    yield


def marked(call):
    """The peer says that a mark came, and sends some itself."""
    call.connect(flags=ECE)
    edges = call.send_flight()
    call.acknowledge(edges[2], flags=ECE)
    for mark, size in ((ECT0, 100), (ECT1, 200), (CE, 300)):
        call.end.traffic_class = mark
        call.end.send(PSH | ACK | CWR, CHUNK[:size])
    call.end.traffic_class = 0
    yield


def timed_out(call):
    call.connect()
    call.send_flight()
    yield


def recovered(call):
    """Late, and then it turns out that nothing was lost."""
    call.connect()
    edges = call.send_flight()
    yield
    call.acknowledge(edges[FLIGHT], (edges[0], edges[1]))
    yield


def reordered(call):
    call.connect()
    edges = call.send_flight()
    call.acknowledge(edges[0], (edges[5], edges[6]))
    call.acknowledge(edges[0], (edges[1], edges[6]))
    call.acknowledge(edges[FLIGHT])
    yield


def out_of_order(call):
    """The second of three segments is missing still."""
    call.connect()
    call.end.say(CHUNK[:SEGMENT])
    call.end.sent += SEGMENT
    call.end.say(CHUNK[:SEGMENT])
    yield


def waiting_for_its_buffer(call):
    """What it holds is sent, and there is no room for more. In slow start the kernel would not count that."""
    call.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    call.end.window = SMALL_WINDOW
    call.connect(flags=ECE, options=SEGMENT_SIZE)
    call.acknowledge(call.send_flight(3)[-1], flags=ECE)
    start = call.send_flight(1)[-1]
    call.acknowledge(start)
    sent = flood(call.sock, CHUNK[:SEGMENT])
    call.acknowledge(start + 2 * SEGMENT & 0xffffffff)
    time.sleep(STALL)
    call.acknowledge(start + sent & 0xffffffff)
    yield


def probing(call):
    """The window is shut."""
    call.end.window = 0
    call.connect()
    call.sock.send(CHUNK[:SEGMENT])
    yield


def forgotten(call):
    """By the peer, as keepalive is to find out."""
    call.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 100)):
        call.sock.setsockopt(socket.IPPROTO_TCP, option, value)
    call.connect()
    yield


def without_a_cookie(call):
    """And gets one, for the next."""
    call.answer(call.connect_fast(), options=FAST_OPEN_COOKIE)
    yield


def with_a_lost_syn(call):
    """Sent again, it has no data."""
    call.connect_fast()
    yield
    call.answer(call.end.hear(SYN))
    yield


PATIENT_SCENES = [recovering, disordered, marked]
SCENES = [timed_out, recovered, reordered, out_of_order, waiting_for_its_buffer, probing, forgotten,
          without_a_cookie, with_a_lost_syn]


class Troubles:
    def __init__(self, ledger):
        devices.ip(PATIENT_ROUTES)
        devices.set_sysctl(ECN, 1)
        self._ledger = ledger
        self._far_host = FarHost()
        self._going_on = []

    def begin(self):
        for route in ROUTES:
            for number, scene in enumerate(PATIENT_SCENES):
                self._begin(scene, route, route.patient, route.first_port + number)
            for number, scene in enumerate(SCENES):
                self._begin(scene, route, route.far, route.first_port + 100 + number)

    def _begin(self, scene, route, far, port):
        call = Call(self._far_host, route, far, port)
        self._ledger.expect(f'{scene.__name__}, {route.label}', call.sock)
        playing = scene(call)
        next(playing)
        self._going_on.append(playing)

    def go_on(self):
        """To be called a second later."""
        for playing in self._going_on:
            next(playing, None)

    def end(self):
        """To be called when all descriptors are closed: what is left of the connections goes too."""
        self._far_host.reset_all()
