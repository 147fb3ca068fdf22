"""Packet sockets: every type, option, ring, group, filter and membership that a reader can see."""

import ctypes
import errno
import os
import socket
import struct
import time

RAW, DGRAM, PACKET = socket.SOCK_RAW, socket.SOCK_DGRAM, 10
TYPE_NAMES = {RAW: 'raw', DGRAM: 'dgram', PACKET: 'packet'}
ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_EXPERIMENT, ETH_P_EXPERIMENT_2 = 3, 0x0800, 0x0806, 0x88b5, 0x88b6

# if_packet.h; Python has names for a few only.
SOL_PACKET = 263
ADD_MEMBERSHIP, RX_RING, STATISTICS, COPY_THRESH, AUXDATA, ORIGDEV, VERSION = 1, 5, 6, 7, 8, 9, 10
RESERVE, TX_RING, LOSS, VNET_HDR, TIMESTAMP, FANOUT, VNET_HDR_SZ = 12, 13, 14, 15, 17, 18, 24
FLAGS = {'auxdata': AUXDATA, 'origdev': ORIGDEV, 'vnethdr': VNET_HDR, 'loss': LOSS}
VERSIONS = ['v1', 'v2', 'v3']
MEMBERSHIPS = ['multicast', 'promisc', 'allmulti', 'unicast']
FANOUTS = ['hash', 'lb', 'cpu', 'rollover', 'rnd', 'qm', 'cbpf', 'ebpf']
FANOUT_FLAGS = 0x10 | 0x80  # ROLLOVER and DEFRAG, in the byte above the type
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
SOF_TIMESTAMPING_RAW_HARDWARE = 1 << 6

OTHER_UID = 2345
FILLER = b'p' * 100
FRAMES = 20
CROWD = 350  # more than the kernel tells in one part

libc = ctypes.CDLL(None, use_errno=True)


class Packet:
    """A socket; each method does something to it, and notes what a reader must then see."""

    def __init__(self, kind, num):
        """Without a protocol it receives nothing, and else from all devices."""
        self.sock = socket.socket(socket.AF_PACKET, kind, socket.htons(num))
        flags = {name: False for name in ('running', *FLAGS)}
        flags['running'] = num != 0
        self.info = {'index': 0, 'version': 'v1', 'reserve': 0, 'copyThresh': 0, 'tstamp': 0, 'flags': flags}
        self.known = {'type': TYPE_NAMES[kind], 'num': num, 'info': self.info, 'mclist': []}

    def option(self, number, value):
        self.sock.setsockopt(SOL_PACKET, number, value)

    def bind(self, device, num, running=True):
        self._bind(struct.pack('=HHi12x', socket.AF_PACKET, socket.htons(num), device.index))
        self.info['index'] = device.index
        self.info['flags']['running'] = running
        self.known['num'] = num
        return self

    def bind_by_name(self, device):
        """As SOCK_PACKET is bound: by an address that holds a device's name and nothing else."""
        self._bind(struct.pack('=H14s', socket.AF_PACKET, device.name.encode()))
        self.info['index'] = device.index
        return self

    def _bind(self, address):
        if libc.bind(self.sock.fileno(), address, len(address)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f'bind: {os.strerror(number)}')

    def flag(self, name):
        self.option(FLAGS[name], 1)
        self.info['flags'][name] = True
        return self

    def number(self, name, option, value):
        self.option(option, value)
        self.info[name] = value
        return self

    def ring(self, which, version, size, count, frame, special=(0, 0, 0)):
        """`special` is what only TPACKET_V3 has: timeout, private bytes and features."""
        if self.info['version'] != version:  # which must not be set again when there is a ring
            self.option(VERSION, VERSIONS.index(version))
            self.info['version'] = version
        frames = size // frame * count
        more = special if version == 'v3' else ()
        self.option(RX_RING if which == 'rxRing' else TX_RING,
                    struct.pack(f'={4 + len(more)}I', size, count, frame, frames, *more))
        timeout, private, features = special
        self.known[which] = {'blockSize': size, 'blockNr': count, 'frameSize': frame, 'frameNr': frames,
                             'retireTmo': timeout, 'sizeofPriv': private, 'features': features}
        return self

    def join(self, device, kind, address=b'', times=1):
        """The newest membership comes first."""
        request = struct.pack('=iHH', device.index, MEMBERSHIPS.index(kind), len(address))
        for _ in range(times):
            self.option(ADD_MEMBERSHIP, request + address.ljust(8, b'\0'))
        self.known['mclist'].insert(0, {'index': device.index, 'count': times, 'type': kind,
                                        'alen': len(address), 'addr': address.hex()})
        return self

    def fan_out(self, group, kind, flags=0):
        self.option(FANOUT, struct.pack('=I', group | FANOUTS.index(kind) << 16 | flags << 24))
        self.known['fanout'] = {'id': group, 'type': kind}
        return self

    def filter(self, *program):
        code = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *step) for step in program))
        pointer = struct.pack('@HP', len(program), ctypes.addressof(code))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, pointer)
        self.known['filter'] = [dict(zip(('code', 'jt', 'jf', 'k'), step)) for step in program]
        return self

    def unfilter(self):
        self.sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        del self.known['filter']
        return self


class Scenery:
    def __init__(self, ledger, devices):
        self._ledger = ledger
        self.devices = devices

    def make(self, label, kind=RAW, num=0):
        packet = Packet(kind, num)
        packet.known['label'] = label
        self._ledger.keep(packet.sock, packet.known)
        return packet


def types(scenery):
    """SOCK_PACKET listens to everything that its device sees."""
    for kind in (RAW, DGRAM, PACKET):
        word = TYPE_NAMES[kind]
        scenery.make(f'{word} without a protocol', kind)
        scenery.make(f'{word} for every protocol', kind, ETH_P_ALL)
        scenery.make(f'{word} for ARP', kind, ETH_P_ARP)
    for kind in (RAW, DGRAM):
        scenery.make(f'{TYPE_NAMES[kind]} bound', kind).bind(scenery.devices.near, ETH_P_IP)
    scenery.make('packet bound', PACKET, ETH_P_ALL).bind_by_name(scenery.devices.near)


def bound(scenery):
    near, down = scenery.devices.near, scenery.devices.down
    twice = scenery.make('for all devices again', RAW, ETH_P_IP)
    twice.bind(near, ETH_P_IP).bind(scenery.devices.any, ETH_P_ALL)
    scenery.make('bound, the device is down', RAW, ETH_P_ALL).bind(down, ETH_P_ALL, running=False)
    scenery.make('protocol changed by bind', DGRAM, ETH_P_ARP).bind(near, 0xfffe)


def of_a_device_that_is_gone(scenery):
    """Its index is -1 then, the socket no longer runs, and the membership is over."""
    passing = scenery.devices.passing
    lost = scenery.make('the device is gone', RAW, ETH_P_ALL)
    lost.bind(passing, ETH_P_ALL).join(passing, 'promisc')
    scenery.devices.end_passing()
    lost.info['index'] = -1
    lost.info['flags']['running'] = False
    lost.known['mclist'].clear()


def flags(scenery):
    for name in FLAGS:
        scenery.make(name).flag(name)
    everything = scenery.make('every flag', RAW, ETH_P_IP)
    for name in FLAGS:
        everything.flag(name)
    longer = scenery.make('a longer virtio header')
    try:
        longer.option(VNET_HDR_SZ, 12)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:  # since 6.4
            raise
        longer.option(VNET_HDR, 1)
    longer.info['flags']['vnethdr'] = True


def numbers(scenery):
    scenery.make('PACKET_RESERVE').number('reserve', RESERVE, 64)
    scenery.make('PACKET_COPY_THRESH').number('copyThresh', COPY_THRESH, 1500)
    scenery.make('PACKET_TIMESTAMP').number('tstamp', TIMESTAMP, SOF_TIMESTAMPING_RAW_HARDWARE)


def rings(scenery):
    """Some numbers differ from ring to ring, so that none can be taken for another."""
    for version, frame, count in (('v1', 2048, 4), ('v2', 1024, 6), ('v3', 4096, 8)):
        special = (60, 0, 0) if version == 'v3' else (0, 0, 0)
        ring = (version, 8192, count, frame)
        scenery.make(f'{version} receive ring').ring('rxRing', *ring, special)
        scenery.make(f'{version} send ring', DGRAM).ring('txRing', *ring)
        both = scenery.make(f'{version} both rings')
        both.ring('rxRing', version, 4096, 3, 2048, special).ring('txRing', *ring)
    scenery.make('v3 with private bytes and hashes').ring('rxRing', 'v3', 16384, 2, 2048, (77, 48, 1))
    crammed = scenery.make('everything at a ring', RAW, ETH_P_IP).flag('loss').flag('auxdata')
    crammed.number('reserve', RESERVE, 32).number('copyThresh', COPY_THRESH, 9)
    crammed.ring('rxRing', 'v2', 4096, 5, 512)


def fanouts(scenery):
    """Members of a group must have one protocol and one device. The flags of a group are not told."""
    for number, kind in enumerate(FANOUTS):
        for member in ('first', 'second'):
            packet = scenery.make(f'{member} of {kind}').bind(scenery.devices.near, ETH_P_EXPERIMENT_2)
            packet.fan_out(0x1100 + number, kind)
    flagged = scenery.make('group with flags').bind(scenery.devices.near, ETH_P_EXPERIMENT_2)
    flagged.fan_out(0xfffe, 'hash', FANOUT_FLAGS)


ACCEPT = (0x06, 0, 0, 0x40000)  # ret #262144
PROTOCOL = (0x20, 0, 0, 0xfffff000)  # ld proto
TYPE = (0x28, 0, 0, 12)  # ldh [12]
IF_IP = (0x15, 2, 1, ETH_P_IP)  # jeq #0x800, jt 2, jf 1
DROP = (0x06, 0, 0, 0)  # ret #0


def filters(scenery):
    scenery.make('filter that accepts').filter(ACCEPT)
    scenery.make('filter with leaps', RAW, ETH_P_ALL).filter(TYPE, IF_IP, PROTOCOL, DROP, ACCEPT)
    scenery.make('long filter', DGRAM).filter(*[TYPE] * 149, DROP)
    scenery.make('filter, left again').filter(DROP).unfilter()


def memberships(scenery):
    near, far = scenery.devices.near, scenery.devices.far
    group, other = bytes.fromhex('01005e010203'), bytes.fromhex('333300000001')
    scenery.make('promiscuous').join(near, 'promisc')
    scenery.make('all multicast').join(near, 'allmulti')
    scenery.make('one group, twice').join(near, 'multicast', group, 2)
    scenery.make('unicast').join(far, 'unicast', bytes.fromhex('0200000000aa'))
    varied = scenery.make('memberships of every type', RAW, ETH_P_IP).bind(near, ETH_P_IP)
    varied.join(near, 'multicast', group).join(far, 'multicast', other, 3).join(far, 'promisc')
    varied.join(near, 'allmulti').join(near, 'unicast', bytes.fromhex('0200000000bb'))


def of_another_user(scenery):
    os.fchown(scenery.make('of another user', DGRAM, ETH_P_ARP).sock.fileno(), OTHER_UID, -1)


def crowd(scenery):
    for number in range(CROWD):
        scenery.make('one of many', DGRAM, 0xa100 + number)


def queued(scenery):
    """Frames that nobody reads, and so many of them that some are dropped."""
    far = scenery.devices.far
    waiting = [scenery.make(f'{TYPE_NAMES[kind]} with frames', kind).bind(far, ETH_P_EXPERIMENT)
               for kind in (RAW, DGRAM)]
    full = scenery.make('full').bind(far, ETH_P_EXPERIMENT)
    full.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    with socket.socket(socket.AF_PACKET, RAW, 0) as sender:
        sender.bind((scenery.devices.near.name, ETH_P_EXPERIMENT))
        for _ in range(FRAMES):
            sender.send(b'\xff' * 6 + b'\x02' * 6 + struct.pack('!H', ETH_P_EXPERIMENT) + FILLER)
    wait_for_frames(waiting[0].sock)


def wait_for_frames(sock):
    """The socket that was made first is given each frame last."""
    deadline = time.monotonic() + 5
    received = 0
    while received < FRAMES:
        if time.monotonic() > deadline:
            raise TimeoutError(f'{received} of {FRAMES} frames have arrived')
        time.sleep(0.02)
        # The kernel starts to count anew each time.
        received += struct.unpack('=II', sock.getsockopt(SOL_PACKET, STATISTICS, 8))[0]


SCENES = [types, bound, flags, numbers, rings, fanouts, filters, memberships, of_another_user, crowd,
          of_a_device_that_is_gone, queued]


def play(ledger, devices):
    scenery = Scenery(ledger, devices)
    for scene in SCENES:
        scene(scenery)
