"""Connections of TCP that have moved data, by every congestion control, over the cables and the loopback."""

import socket
import time

import hosts
from answers import TCP_CONGESTION
from transfer import End, connect, drain, exchange, flood

ALGORITHMS = ('bbr', 'cubic', 'reno')
MUCH, LITTLE = 200_000, 50_000  # bytes; of much, some is lost
ECN = 'ipv4/tcp_ecn'
FIRST_PORT = 40000
TCP_WINDOW_CLAMP, SO_MAX_PACING_RATE = 10, 47
NARROW_WINDOW = 60_000  # bytes; for a window scale that differs from the peer's
SMALL_BUFFER = 4608  # bytes
PACING = 5_000_000  # bytes a second
STALL = 0.02  # seconds


def leave(_):
    """Changes nothing."""


class Path:
    """Where connections are made. What is looked at is the near end."""

    def __init__(self, label, near_host, far_host, near, far):
        self.label = label
        self._near_host, self._far_host = near_host, far_host
        self._near, self._far = near, far

    def dial(self, port, tune_near=leave, tune_far=leave):
        """(near, far) of a connection that the near end asks for."""
        return connect(End(self._near_host, (self._near, port + 1), tune_near),
                       End(self._far_host, (self._far, port), tune_far))

    def answer(self, port, tune_near=leave, tune_far=leave):
        """(near, far) of a connection that the far end asks for."""
        far, near = connect(End(self._far_host, (self._far, port + 1), tune_far),
                            End(self._near_host, (self._near, port), tune_near))
        return near, far


def cables_of(world):
    cable = hosts.FIRST
    return [Path('IPv4', world.near, world.far, cable.near_ipv4, cable.far_ipv4),
            Path('IPv6', world.near, world.far, cable.near_ipv6, cable.far_ipv6)]


def loops_of(world):
    return [Path('loopback, IPv4', world.near, world.near, '127.0.0.1', '127.0.0.1'),
            Path('loopback, IPv6', world.near, world.near, '::1', '::1')]


def using(name, narrow=False):
    def tune(sock):
        sock.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, name.encode())
        if narrow:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, NARROW_WINDOW)
    return tune


def available(ledger):
    with socket.socket() as sock:
        for name in ALGORITHMS:
            try:
                using(name)(sock)
            except OSError as error:
                ledger.lack(name, error)
            else:
                yield name


def by_every_algorithm(world, ledger):
    """With ECN for one of them."""
    for number, name in enumerate(available(ledger)):
        world.set_sysctl(ECN, int(name == 'reno'))
        for index, path in enumerate(cables_of(world)):
            over_cable(ledger, path, name, FIRST_PORT + 100 * index + 10 * number)
        for index, path in enumerate(loops_of(world)):
            over_loopback(ledger, path, name, FIRST_PORT + 200 + 100 * index + 10 * number)


def over_cable(ledger, path, name, port):
    """Each end sends most once, and each has a narrow window once."""
    asking, far = path.dial(port, using(name), using(name, narrow=True))
    exchange(asking, far, MUCH, LITTLE)
    ledger.keep(far)
    ledger.expect(f'{name}, asking, {path.label}', asking, cong=name)
    answering, far = path.answer(port + 4, using(name, narrow=True), using(name))
    exchange(answering, far, LITTLE, MUCH)
    ledger.keep(far)
    ledger.expect(f'{name}, answering, {path.label}', answering, cong=name)


def over_loopback(ledger, path, name, port):
    one, other = path.dial(port, using(name), using(name))
    exchange(one, other, MUCH, LITTLE)
    ledger.expect(f'{name}, asking, {path.label}', one, cong=name)
    ledger.expect(f'{name}, answering, {path.label}', other, cong=name)


def limited_by_the_reader(path, port):
    """For a while the window is shut."""
    near, far = path.dial(port, limit(socket.SO_SNDBUF, 4 * SMALL_BUFFER),
                          limit(socket.SO_RCVBUF, SMALL_BUFFER))
    sent = flood(near)
    time.sleep(STALL)
    drain(far, sent)
    return near, far


def limit(option, value):
    return lambda sock: sock.setsockopt(socket.SOL_SOCKET, option, value)


def limited_by_its_pace(path, port):
    near, far = path.dial(port, limit(SO_MAX_PACING_RATE, PACING))
    exchange(near, far, LITTLE, LITTLE)
    return near, far


def unsent(path, port):
    near, far = path.dial(port)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flood(near)
    return near, far


def watched(path, port):
    """Keepalive, with an answer to each probe."""
    near, far = path.dial(port)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    exchange(near, far, 1000, 1000)
    return near, far


SCENES = [limited_by_the_reader, limited_by_its_pace, unsent, watched]


def play(world, ledger):
    by_every_algorithm(world, ledger)
    for index, path in enumerate(cables_of(world)):
        for number, scene in enumerate(SCENES):
            near, far = scene(path, FIRST_PORT + 1000 + 100 * index + 10 * number)
            ledger.expect(f'{scene.__name__}, {path.label}', near)
            ledger.keep(far)
