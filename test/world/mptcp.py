"""Multipath TCP: connections over one cable and over both, with checksums, with peers that do not speak it."""

import contextlib
import socket
import subprocess
import time
from typing import NamedTuple

import devices
from answers import IPPROTO_MPTCP, SO_MARK, SO_PRIORITY
from hosts import FIRST, SECOND, Host, family_of
from transfer import CHUNK, drain, exchange, flood

GREETING = CHUNK[:10]
MUCH, LITTLE = 200_000, 50_000  # bytes; much goes over both cables
JOINING = 0.05  # seconds; it takes a few milliseconds
CHECKSUM = 'mptcp/checksum_enabled'
FALLBACK = 'mptcp/syn_retrans_before_tcp_fallback'
MARK, PRIORITY, TOS = 0x262, 5, 0x48
SILENT_PORT = 11
LIMITS = 'limits set subflows 4 add_addr_accepted 3'


class Side(NamedTuple):
    """A host, by its address on the first cable."""
    host: Host
    address: str

    @property
    def family(self):
        return family_of(self.address)

    def socket(self, protocol):
        with self.host:
            return socket.socket(self.family, socket.SOCK_STREAM, protocol)

    def listen(self, port, protocol=IPPROTO_MPTCP):
        """On all addresses: a further subflow may come to another one than the first."""
        listener = self.socket(protocol)
        if self.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(('', port))
        listener.listen(8)
        return listener

    def call(self, side, listener, protocol=IPPROTO_MPTCP):
        """(This end, the other), which have said hello: before, there is one subflow only."""
        sock = self.socket(protocol)
        sock.connect((side.address, listener.getsockname()[1]))
        peer, _ = listener.accept()
        for sender, receiver in ((sock, peer), (peer, sock)):
            sender.send(GREETING)
            receiver.recv(len(GREETING))
        return sock, peer


class Scenery:
    """Connections between the near side and the far one, of which the near one is looked at."""

    def __init__(self, world, ledger, label, near, far, port):
        self._world, self._ledger = world, ledger
        self._label = label
        self._near, self._far = near, far
        self._port = port
        self._listener, self._far_listener = near.listen(port), far.listen(port)
        ledger.expect(f'MPTCP, listener, {label}', self._listener)
        ledger.keep(self._far_listener)

    def _expect(self, label, near, far):
        self._ledger.expect(f'MPTCP, {label}, {self._label}', near)
        self._ledger.keep(far)

    def both_ways(self):
        """Gives that which the near side asked for."""
        asking, answered = self._near.call(self._far, self._far_listener)
        asked, answering = self._far.call(self._near, self._listener)
        time.sleep(JOINING)
        exchange(asking, answered, MUCH, LITTLE)
        exchange(answering, asked, MUCH, LITTLE)
        self._expect('asking', asking, answered)
        self._expect('answering', answering, asked)
        return asking, answered

    def tuned(self):
        """And what was sent is not read yet."""
        near, far = self._near.call(self._far, self._far_listener)
        near.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
        if self._near.family == socket.AF_INET:
            near.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TOS)
        near.setsockopt(socket.SOL_SOCKET, SO_PRIORITY, PRIORITY)
        far.send(GREETING)
        self._expect('tuned', near, far)

    def with_checksums(self):
        self._world.set_sysctl(CHECKSUM, 1)
        self._expect('with checksums', *self._near.call(self._far, self._far_listener))
        self._world.set_sysctl(CHECKSUM, 0)

    def without_a_peer(self):
        """A client stays what it is; a server's end is plain TCP from the beginning."""
        with self._far.listen(self._port + 1, socket.IPPROTO_TCP) as listener:
            self._expect('fallen back', *self._near.call(self._far, listener))
        far, near = self._far.call(self._near, self._listener, socket.IPPROTO_TCP)
        self._expect('accepted as plain TCP', near, far)


def lack():
    """Why there is no MPTCP here, or None."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError as error:
        return f'a socket of MPTCP: {error}'
    outcome = subprocess.run(['ip', 'mptcp', 'limits'], capture_output=True, text=True, check=False)
    return None if outcome.returncode == 0 else f'ip mptcp: {outcome.stderr.strip()}'


def configure(host, *commands):
    with host:
        for command in commands:
            subprocess.run(['ip', 'mptcp', *command.split()], check=True, capture_output=True)


class Multipath:
    """All of it; nothing where there is no MPTCP."""

    def __init__(self, world, ledger):
        self._world, self._ledger = world, ledger
        self._cut_off = []
        reason = lack()
        self._works = reason is None
        if self._works:
            self._set_up()
        else:
            ledger.lack('mptcp', reason)

    def _set_up(self):
        """In IPv6 a packet with an address of one cable does not go over the other: that is not tried."""
        configure(self._world.near, LIMITS, f'endpoint add {SECOND.near_ipv4} subflow signal',
                  f'endpoint add {SECOND.near_ipv6} signal backup')
        configure(self._world.far, LIMITS, f'endpoint add {SECOND.far_ipv4} subflow signal backup',
                  f'endpoint add {SECOND.far_ipv6} signal')

    def begin(self):
        if not self._works:
            return
        pairs = [self._begin('IPv4', FIRST.near_ipv4, FIRST.far_ipv4, 46000),
                 self._begin('IPv6', FIRST.near_ipv6, FIRST.far_ipv6, 46100)]
        self._call_a_silent_host()
        # What is then under way on the second cable has to be sent again on the first.
        self._switch_second_cable('down')
        self._cut_off = [(far, flood(near)) for near, far in pairs]

    def _begin(self, label, near, far, port):
        sides = Side(self._world.near, near), Side(self._world.far, far)
        scenery = Scenery(self._world, self._ledger, label, *sides, port)
        scenery.tuned()
        scenery.with_checksums()
        scenery.without_a_peer()
        return scenery.both_ways()

    def _call_a_silent_host(self):
        """Without the setting, plain TCP is tried some time later."""
        with contextlib.suppress(FileNotFoundError):
            devices.set_sysctl(FALLBACK, 100)
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
        sock.setblocking(False)
        sock.connect_ex((devices.FAR_IPV4, SILENT_PORT))
        self._ledger.expect('MPTCP, calling, IPv4', sock)

    def go_on(self):
        """To be called a second later."""
        if self._works:
            self._switch_second_cable('up')
            for far, sent in self._cut_off:
                drain(far, sent)

    def _switch_second_cable(self, state):
        with self._world.far:
            devices.ip(f'link set {SECOND.far} {state}\n')
