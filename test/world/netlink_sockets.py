"""Netlink sockets: of every protocol that this kernel has, with groups, options, peers, unread messages."""

import ctypes
import errno
import socket
import struct

RAW, DGRAM = socket.SOCK_RAW, socket.SOCK_DGRAM
TYPE_NAMES = {RAW: 'raw', DGRAM: 'dgram'}

# netlink.h; Python has names for a few only.
PROTOCOLS = ['route', 'unused', 'usersock', 'firewall', 'sock_diag', 'nflog', 'xfrm', 'selinux', 'iscsi',
             'audit', 'fib_lookup', 'connector', 'netfilter', 'ip6_fw', 'dnrtmsg', 'kobject_uevent',
             'generic', 'unknown_17', 'scsitransport', 'ecryptfs', 'rdma', 'crypto', 'smc',
             *(f'unknown_{number}' for number in range(23, 32))]
SOL_NETLINK = 270
ADD_MEMBERSHIP, DROP_MEMBERSHIP, LIST_MEMBERSHIPS = 1, 2, 9
FLAGS = {'pktinfo': 3, 'broadcastError': 4, 'noEnobufs': 5, 'listenAllNsid': 8, 'capAck': 10}
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
SOCK_DIAG_BY_FAMILY = 20

FIRST_PORT = 5000
FILLER = b'n' * 100
CROWD = 300  # fits into what the kernel tells in one part
GREATER_CROWD = 1500  # does not

libc = ctypes.CDLL(None, use_errno=True)


class Netlink:
    """A socket; each method does something to it, and notes what a reader must then see."""

    def __init__(self, protocol, kind):
        self.sock = socket.socket(socket.AF_NETLINK, kind, PROTOCOLS.index(protocol))
        self.flags = dict.fromkeys(('cbRunning', *FLAGS), False)
        self.known = {'type': TYPE_NAMES[kind], 'protocol': protocol, 'state': 'CLOSE', 'portid': 0,
                      'dstPortid': 0, 'dstGroup': 0, 'flags': self.flags}

    def bind(self, port, groups=0):
        """Without a port, the kernel chooses one. `groups` are bits."""
        self.sock.bind((port, groups))
        self.known['portid'] = self.sock.getsockname()[0]
        if groups:
            self.known['groups'] = self.memberships()
        return self

    def connect(self, port, groups=0):
        """A socket without a port is given one. Of the groups, the first counts."""
        self.sock.connect((port, groups))
        self.known.update(state='ESTABLISHED', dstPortid=port, portid=self.sock.getsockname()[0])
        if groups:
            self.known['dstGroup'] = (groups & -groups).bit_length()
        return self

    def disconnect(self):
        address = struct.pack('=H10x', socket.AF_UNSPEC)
        if libc.connect(self.sock.fileno(), address, len(address)) != 0:
            raise OSError(ctypes.get_errno(), 'connect to nothing')
        self.known.update(state='CLOSE', dstPortid=0, dstGroup=0)
        return self

    def join(self, *groups):
        for group in groups:
            self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)
        self.known['groups'] = self.memberships()
        assert set(groups) <= set(self.known['groups'])
        return self

    def leave(self, *groups):
        for group in groups:
            self.sock.setsockopt(SOL_NETLINK, DROP_MEMBERSHIP, group)
        self.known['groups'] = self.memberships()
        return self

    def memberships(self):
        """What the kernel says by another way, in 32-bit words."""
        bitmap = self.sock.getsockopt(SOL_NETLINK, LIST_MEMBERSHIPS, 1024)
        words = struct.unpack(f'={len(bitmap) // 4}I', bitmap)
        return [32 * number + bit + 1
                for number, word in enumerate(words) for bit in range(32) if word >> bit & 1]

    def flag(self, name):
        self.sock.setsockopt(SOL_NETLINK, FLAGS[name], 1)
        self.flags[name] = True
        return self


class Scenery:
    def __init__(self, ledger):
        self._ledger = ledger
        self._port = FIRST_PORT

    def make(self, label, protocol='usersock', kind=RAW):
        netlink = Netlink(protocol, kind)
        netlink.known['label'] = label
        self._ledger.keep(netlink.sock, netlink.known)
        return netlink

    def bound(self, label, protocol='usersock', kind=RAW, groups=0):
        self._port += 1
        return self.make(label, protocol, kind).bind(self._port, groups)


def supported():
    for number, protocol in enumerate(PROTOCOLS):
        try:
            socket.socket(socket.AF_NETLINK, RAW, number).close()
            yield protocol
        except OSError as error:
            if error.errno != errno.EPROTONOSUPPORT:
                raise


def protocols(scenery):
    for protocol in supported():
        scenery.bound(f'raw {protocol}', protocol, RAW)
        scenery.bound(f'dgram {protocol}', protocol, DGRAM)


def ports(scenery):
    """The second socket of a process that lets the kernel choose gets a number above 2^31."""
    scenery.make('first without a port').bind(0)
    scenery.make('second without a port').bind(0)
    scenery.make('the highest port', 'route').bind(0xffffffff)
    scenery.make('as large a port as is negative', 'route').bind(0x80000000)


def groups(scenery):
    """Route has more than 32 groups, of which Linux 5.10 has the first: it is in another 32-bit word."""
    scenery.bound('first group', 'route', groups=1)
    scenery.bound('groups by bits', 'route', groups=0x80000a01)
    scenery.bound('groups above 32', 'route').join(33)
    scenery.bound('groups below and above 32', 'route', DGRAM).join(1, 7, 8, 9, 16, 17, 31, 32, 33)
    scenery.bound('group joined twice', 'route').join(5, 5)
    scenery.bound('groups joined and one left', 'route').join(2, 33, 3).leave(33)
    scenery.bound('groups joined and all left', 'route').join(2, 33).leave(2, 33)
    scenery.bound('uevents', 'kobject_uevent', groups=1)
    scenery.bound('destroyed sockets', 'sock_diag').join(1, 2, 3, 4)
    scenery.bound('every group of usersock', groups=0xffffffff)


def highest_groups(scenery):
    """Which groups a generic socket may join depends on the kernel."""
    netlink = scenery.bound('generic', 'generic')
    netlink.join(highest_group(netlink), 3)
    scenery.bound('generic, all groups', 'generic').join(*range(1, highest_group(netlink) + 1))


def highest_group(netlink):
    group = 8192
    while True:
        try:
            netlink.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)
            return group
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOENT):
                raise
        group -= 1


def without_port(scenery):
    """One that was never bound is in no list, unless it has joined a group."""
    socket.socket(socket.AF_NETLINK, RAW, PROTOCOLS.index('usersock'))
    scenery.make('member without a port').join(4)
    scenery.make('member without a port, above 32', 'route').join(33)


def connected(scenery):
    server = scenery.bound('server')
    port = server.known['portid']
    scenery.bound('connected').connect(port)
    scenery.make('connected without a port').connect(port)
    scenery.bound('connected to a group').connect(port, 1 << 4)
    scenery.bound('connected to several groups').connect(0, 0xc0000000)
    scenery.bound('connected to the highest port', 'route', DGRAM).connect(0xffffffff)
    scenery.bound('connected to the kernel', 'route').connect(0)
    scenery.bound('connected and a member', groups=6).connect(port)
    scenery.bound('connected no more').connect(port, 2).disconnect()


def flags(scenery):
    for name in FLAGS:
        scenery.bound(name).flag(name)
    everything = scenery.bound('every flag', 'generic')
    for name in FLAGS:
        everything.flag(name)


def dump_running(scenery):
    """A dump of the sockets so far, of which the first part is never read."""
    request = struct.pack('=IHHII', 36, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0)
    asking = scenery.bound('dump', 'sock_diag')
    asking.sock.send(request + struct.pack('=BBHIIII', socket.AF_NETLINK, 255, 0, 0, 0xf, 0, 0))
    asking.flags['cbRunning'] = True


def queued(scenery):
    """Messages that nobody reads, and so many of them that some are dropped."""
    receiver, full = scenery.bound('with messages'), scenery.bound('full', groups=1 << 20)
    full.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    sender = scenery.bound('sender')
    for _ in range(20):
        sender.sock.sendto(FILLER, (receiver.known['portid'], 1 << 20))


def crowd(scenery):
    for number in range(CROWD):
        scenery.bound(f'one of {CROWD}, {number}')


def greater_crowd(scenery):
    for number in range(GREATER_CROWD):
        scenery.bound(f'one of {GREATER_CROWD}, {number}', 'generic')


SCENES = [protocols, ports, groups, highest_groups, without_port, connected, flags, dump_running, queued]


def play(ledger, _devices):
    scenery = Scenery(ledger)
    for scene in SCENES:
        scene(scenery)


def play_crowd(ledger, _devices):
    scenery = Scenery(ledger)
    crowd(scenery)
    greater_crowd(scenery)
