"""Sockets that only the files in /proc/net show, or show in their own way: see proc_ledger.py.

Much of the population is from the scenes of the other worlds; here is what they lack.
"""

import errno
import os
import platform
import re
import socket
import struct
from contextlib import contextmanager

import datagrams
import devices
import netlink_sockets
import packet_sockets
import tcp_far
import tcp_near
import unix_sockets
from link_ledger import LinkLedger, meminfo_of
from link_world import Device

V4, V6 = socket.AF_INET, socket.AF_INET6
DGRAM, RAW, STREAM = socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_STREAM
FIRST_PORT = 38000
USERS = (1000, 70000)  # the second has more than 16 bits
MESSAGE = b'm' * 100
SMALL_BUFFER, FLOOD = 1, 50
DEFERRAL = 600  # seconds
FAST_OPEN_QUEUE = 5
EXPERIMENTS = (253, 254)  # RFC 3692's protocol numbers
ECHO_REQUEST = {V4: 8, V6: 128}
PF_KEY, PF_KEY_V2, SADB_REGISTER, SADB_SATYPES = 15, 2, 7, (2, 3)

NEAR_SCENES = [tcp_near.listener_with_pending, tcp_near.connection_with_unread, tcp_near.flooded_connection,
               tcp_near.half_closed, tcp_near.closed_by_client, tcp_near.owned_by_another]
UNIX_SCENES = [unix_sockets.names, unix_sockets.odd_names, unix_sockets.unconnected, unix_sockets.pairs,
               unix_sockets.survivors, unix_sockets.listeners, unix_sockets.accepted,
               unix_sockets.of_another_user]
NETLINK_SCENES = [netlink_sockets.protocols, netlink_sockets.ports, netlink_sockets.groups,
                  netlink_sockets.connected, netlink_sockets.dump_running, netlink_sockets.queued]


@contextmanager
def user(uid):
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def host_of(family):
    return '::1' if family == V6 else '127.0.0.1'


def deferred(ledger):
    """With TCP_DEFER_ACCEPT a connection without data stays half open, though its client has it."""
    for number, family in enumerate((V4, V6)):
        with user(USERS[number]):
            listener = socket.socket(family, STREAM)
            client = socket.socket(family, STREAM)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, DEFERRAL)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, FAST_OPEN_QUEUE)
        near = (host_of(family), FIRST_PORT + 10 * number)
        far = (host_of(family), near[1] + 1)
        listener.bind(near)
        listener.listen(8)
        client.bind(far)
        client.connect(near)
        ledger.expect_open('listener that defers', 'tcp', 'LISTEN', listener, rqueue=0)
        ledger.expect_open('client of one that defers', 'tcp', 'ESTABLISHED', client, timer='off')
        ledger.expect_inet('deferred', 'tcp', family, 'SYN_RECV', near, far, inode=0, timer='on', rqueue=0,
                           wqueue=0)


def dropped(ledger):
    """So many datagrams that there is no room for all of them, for a socket of another user."""
    for protocol in filter(datagrams.supported, datagrams.PROTOCOLS):
        for number, family in enumerate((V4, V6)):
            with user(USERS[number]):
                receiver = socket.socket(family, DGRAM, protocol.number)
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            receiver.bind((host_of(family), FIRST_PORT + 20 + number))
            for _ in range(FLOOD):
                datagrams.send_once(receiver.getsockname(), family, protocol.number)
            if meminfo_of(receiver)['drops'] == 0:
                raise RuntimeError(f'{FLOOD} datagrams fit into the smallest buffer')
            ledger.expect_open(f'{protocol.name} with drops', protocol.name, 'CLOSE', receiver)


def raw(ledger):
    """They have their protocol for a port."""
    for family, icmp in ((V4, socket.IPPROTO_ICMP), (V6, socket.IPPROTO_ICMPV6)):
        host, nowhere = host_of(family), ('::' if family == V6 else '0.0.0.0', 0)
        for protocol, address in ((icmp, nowhere[0]), (EXPERIMENTS[0], nowhere[0]), (EXPERIMENTS[0], host),
                                  (socket.IPPROTO_TCP, host), (socket.IPPROTO_RAW, nowhere[0])):
            sock = socket.socket(family, RAW, protocol)
            sock.bind((address, 0))
            ledger.expect_open(f'protocol {protocol}', 'raw', 'CLOSE', sock, far=nowhere)
        connected = socket.socket(family, RAW, EXPERIMENTS[0])
        connected.connect((host, 0))
        ledger.expect_open('connected', 'raw', 'ESTABLISHED', connected, far=(host, 0))
        for index, buffer in enumerate((None, SMALL_BUFFER)):
            receiver = socket.socket(family, RAW, EXPERIMENTS[1])
            receiver.bind((host, 0))
            os.fchown(receiver.fileno(), USERS[index], -1)
            if buffer is not None:
                receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            ledger.expect_open('receiver', 'raw', 'CLOSE', receiver, far=nowhere)
        with socket.socket(family, RAW, EXPERIMENTS[1]) as sender:
            for _ in range(FLOOD):
                sender.sendto(MESSAGE, (host, 0))


def pings(ledger):
    """Their port is the identifier of the echo requests that they send.

    Sockets with one identifier are in one chain of the kernel's, and from an IPv6 one it goes on to the next of
    either family: so the connected IPv4 socket is among those of IPv6 as well, with no address.
    """
    devices.set_sysctl('ipv4/ping_group_range', '0 2147483647')
    for number, (family, protocol) in enumerate(((V4, socket.IPPROTO_ICMP), (V6, socket.IPPROTO_ICMPV6))):
        host, nowhere = host_of(family), '::' if family == V6 else '0.0.0.0'
        bound, connected, asking = (socket.socket(family, DGRAM, protocol) for _ in range(3))
        bound.bind((host, 4660 + number))
        ledger.expect_open('bound', 'icmp', 'CLOSE', bound)
        connected.bind((host, 7))
        connected.connect((host, 0))
        phantom = {'phantom': 'icmp6'} if family == V4 else {}
        ledger.expect_open('connected', 'icmp', 'ESTABLISHED', connected, far=(host, 0), **phantom)
        with user(USERS[0]):
            other = socket.socket(family, DGRAM, protocol)
        other.bind((nowhere, 65535 - number))
        ledger.expect_open('bound to no address', 'icmp', 'CLOSE', other)
        asking.bind((nowhere, 20 + number))
        # The answer, which nobody reads, comes from this host itself.
        asking.sendto(struct.pack('!BBHHH', ECHO_REQUEST[family], 0, 0, 0, 1) + MESSAGE, (host, 0))
        ledger.expect_open('with an answer', 'icmp', 'CLOSE', asking)


def unix_names(ledger, directory):
    """Names that are hard to tell in a list with a line for each socket, and the states of datagram sockets."""
    for label, name in [
        ('path between newlines', b'\nbetween newlines\n'),
        ('path of newlines', b'\n\n'),
        ('path of one blank', b' '),
        ('path between blanks', b'  between blanks  '),
        ('path with a carriage return', b'one\r\ntwo'),
        ('path with most of a line', b'near\n0000000000000000: 00000002 00000000 00000000 0002 01'),
        ('abstract name between newlines', b'\0\nbetween newlines\n'),
        ('abstract name like an abstract name', b'\0@like'),
        ('abstract name of NULs', b'\0\0\0'),
    ]:
        ledger.expect_unix(label, unix_sockets.bound(STREAM, name), 'CLOSE', name)
    with user(USERS[1]):
        ledger.expect_unix('of another user, unbound', unix_sockets.unbound(DGRAM), 'CLOSE')


def embryos(expectations):
    """Connections that wait in a unix listener's queue: they have its name, and no inode."""
    for listener in expectations:
        if listener['protocol'] == 'unix' and listener['state'] == 'LISTEN':
            for _ in range(listener.get('rqueue', 0)):
                yield {**listener, 'label': f'waits: {listener["label"]}', 'state': 'ESTABLISHED', 'inode': 0}


class QuietScenery(packet_sockets.Scenery):
    """Its sockets refuse all frames, for there are always some on the cable."""

    def make(self, *description, **options):
        return super().make(*description, **options).filter(packet_sockets.DROP)


class CableEnds:
    """The devices as packet_sockets.py wants them: those of devices.py, and two pairs more."""

    any = Device('', 0)
    near = Device(devices.NEAR_DEVICE, devices.DEVICE_INDEXES[devices.NEAR_DEVICE])
    far = Device(devices.FAR_DEVICE, devices.DEVICE_INDEXES[devices.FAR_DEVICE])
    down = Device('e0', 12)
    passing = Device('p0', 14)

    def __init__(self):
        devices.ip(f'''
link add {self.down.name} index {self.down.index} type veth peer name e1
link add {self.passing.name} index {self.passing.index} type veth peer name p1
link set {self.passing.name} up
link set p1 up
''')

    def end_passing(self):
        devices.ip(f'link delete {self.passing.name}\n')


def packets():
    ledger, ends = LinkLedger(), CableEnds()
    for scene in (packet_sockets.types, packet_sockets.bound, packet_sockets.of_a_device_that_is_gone,
                  packet_sockets.of_another_user):
        scene(QuietScenery(ledger, ends))
    packet_sockets.queued(packet_sockets.Scenery(ledger, ends))
    return ledger


def netlinks():
    """Those without a port are not told, not even the members of a group, which sock_diag tells."""
    ledger = LinkLedger()
    scenery = netlink_sockets.Scenery(ledger)
    for scene in NETLINK_SCENES:
        scene(scenery)
    return ledger


def keys():
    """PF_KEY, which has no addresses. The answer to SADB_REGISTER stays unread."""
    ledger = LinkLedger()
    for label, uid, answers in (('idle', 0, 0), ('of another user', USERS[1], 0),
                                ('with answers', USERS[0], 2)):
        try:
            sock = socket.socket(PF_KEY, RAW, PF_KEY_V2)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT:
                return ledger
            raise
        os.fchown(sock.fileno(), uid, -1)
        for satype in SADB_SATYPES[:answers]:
            sock.send(struct.pack('=BBBBHHII', PF_KEY_V2, SADB_REGISTER, 0, satype, 2, 0, 1, os.getpid()))
        ledger.keep(sock, {'label': label})
    return ledger


def play(ledger, far_scenes, directory):
    """The sockets of the Internet's families and of unix; the others have ledgers of their own."""
    far_scenes.play()
    for place in tcp_near.PLACES[:3]:
        for scene in NEAR_SCENES:
            scene(tcp_near.Scenery(ledger, place))
    datagrams.play(ledger)
    for scene in (deferred, dropped, raw, pings):
        scene(ledger)
    os.chdir(directory)
    scenery = unix_sockets.Scenery(ledger, os.fsencode(directory))
    for scene in UNIX_SCENES:
        scene(scenery)
    unix_names(ledger, directory)
    if kernel_version() < (5, 15):
        for expectation in ledger.expectations:
            if expectation.get('type') == 'dgram':  # the state did not yet say whether it has a peer
                expectation['state'] = 'CLOSE'


def kernel_version():
    return tuple(map(int, re.findall(r'[0-9]+', platform.release())[:2]))


def far_scenes_of(ledger):
    return tcp_far.FarScenes(ledger, tcp_far.ROUTES[:2])
