"""AF_XDP sockets, bound in copy mode to queues of the veth device. No program gives them packets."""

import ctypes
import mmap
import os
import socket
import struct
from typing import NamedTuple

import devices
from facts import LIBC, ask, identity_of, memory_of, uid_of

AF_XDP, SOL_XDP = 44, 283
XDP_MMAP_OFFSETS, XDP_RX_RING, XDP_TX_RING, XDP_UMEM_REG = 1, 2, 3, 4
XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_STATISTICS = 5, 6, 7
XDP_SHARED_UMEM, XDP_COPY = 1, 2
XDP_PGOFF_TX_RING = 0x80000000
PAGE = 4096
OTHER_UID = 7788
RING_OPTIONS = {'rxRing': XDP_RX_RING, 'txRing': XDP_TX_RING, 'umemFillRing': XDP_UMEM_FILL_RING,
                'umemCompletionRing': XDP_UMEM_COMPLETION_RING}
DESCRIPTOR = struct.Struct('=QII')
AREAS = []  # the memory of all sockets, which must stay for as long as they do
NOT_BOUND = (0, 0)


class Umem(NamedTuple):
    pages: int
    chunk_size: int
    headroom: int
    users: int = 1

    @property
    def size(self):
        return self.pages * PAGE

    def register(self, sock):
        """Gives the socket fresh memory."""
        area = mmap.mmap(-1, self.size)
        AREAS.append(area)
        address = ctypes.addressof(ctypes.c_char.from_buffer(area))
        sock.setsockopt(SOL_XDP, XDP_UMEM_REG,
                        struct.pack('=QQIIII', address, self.size, self.chunk_size, self.headroom, 0, 0))


def open_xdp(umem=None, **rings):
    """`rings` gives the entries of each."""
    sock = socket.socket(AF_XDP, socket.SOCK_RAW, 0)
    if umem is not None:
        umem.register(sock)
    for name, entries in rings.items():
        sock.setsockopt(SOL_XDP, RING_OPTIONS[name], entries)
    return sock


def bind(sock, queue, owner=None, ifindex=devices.NEAR_INDEX):
    """struct sockaddr_xdp, which Python does not know. `owner` shares its memory."""
    flags, descriptor = (XDP_COPY, 0) if owner is None else (XDP_SHARED_UMEM, owner.fileno())
    address = struct.pack('=HHIII', AF_XDP, flags, ifindex, queue, descriptor)
    if LIBC.bind(sock.fileno(), address, len(address)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f'binding an AF_XDP socket to queue {queue}: {os.strerror(code)}')


def statistics_of(sock):
    dropped, rx_invalid, tx_invalid, rx_full, fill_empty, tx_empty = struct.unpack(
        '=6Q', ask(sock, SOL_XDP, XDP_STATISTICS, 48))
    return {'nRxDropped': dropped, 'nRxInvalid': rx_invalid, 'nRxFull': rx_full, 'nFillRingEmpty': fill_empty,
            'nTxInvalid': tx_invalid, 'nTxRingEmpty': tx_empty}


def expect(ledger, label, sock, umem=None, place=NOT_BOUND, **rings):
    """`place` is the interface and queue that it is bound to, `rings` those that are shown."""
    ledger.keep(sock)
    ifindex, queue = place
    known = {name: {'entries': entries} for name, entries in rings.items()}
    if umem is not None:
        known['umem'] = {'size': umem.size, 'numPages': umem.pages, 'chunkSize': umem.chunk_size,
                         'headroom': umem.headroom, 'ifindex': ifindex, 'queueId': queue,
                         'flags': {'zerocopy': False}, 'refs': umem.users}
    ledger.expect('xdp', label, {
        'type': 'raw', **identity_of(sock), 'uid': uid_of(sock),
        'info': {'ifindex': ifindex, 'queueId': queue}, 'meminfo': lambda: memory_of(sock),
        'stats': lambda: statistics_of(sock), **known,
    })


def detached(ledger):
    """The device of this one is no more. It hides itself, and all sockets that were made before it: so it is
    the first of all.
    """
    devices.add_passing()
    sock = open_xdp(Umem(4, 4096, 0), rxRing=2, umemFillRing=2, umemCompletionRing=2)
    bind(sock, 0, ifindex=devices.PASSING_INDEX)
    devices.remove_passing()
    ledger.hide('xdp', 'its device is gone', sock)


def bound(ledger):
    for queue, umem, rings in (
        (0, Umem(64, 4096, 0), {'rxRing': 64, 'txRing': 128, 'umemFillRing': 256, 'umemCompletionRing': 512}),
        (1, Umem(32, 2048, 256), {'rxRing': 8, 'umemFillRing': 16, 'umemCompletionRing': 32}),
    ):
        sock = open_xdp(umem, **rings)
        bind(sock, queue)
        expect(ledger, f'bound to queue {queue}', sock, umem, (devices.NEAR_INDEX, queue), **rings)


def sharing(ledger):
    """On the same queue, the owner's rings serve both; on another, each has a pair of its own."""
    umem = Umem(16, 4096, 128, users=3)
    pair = {'umemFillRing': 8, 'umemCompletionRing': 8}
    owner = open_xdp(umem, rxRing=4, txRing=2, **pair)
    bind(owner, 2)
    expect(ledger, 'owner of shared memory', owner, umem, (devices.NEAR_INDEX, 2), rxRing=4, txRing=2, **pair)
    same = open_xdp(rxRing=16)
    bind(same, 2, owner)
    expect(ledger, 'shares, same queue', same, umem, (devices.NEAR_INDEX, 2), rxRing=16, **pair)
    rings = {'txRing': 32, 'umemFillRing': 64, 'umemCompletionRing': 128}
    other = open_xdp(**rings)
    bind(other, 3, owner)
    os.fchown(other.fileno(), OTHER_UID, -1)
    expect(ledger, 'shares, other queue, of another user', other, umem, (devices.NEAR_INDEX, 3), **rings)


def unbound(ledger):
    """The fill and completion rings are not shown before the socket is bound."""
    expect(ledger, 'new', open_xdp())
    expect(ledger, 'rings without memory', open_xdp(rxRing=32, txRing=16), rxRing=32, txRing=16)
    umem = Umem(8, 2048, 0)
    sock = open_xdp(umem, rxRing=64, umemFillRing=64, umemCompletionRing=64)
    expect(ledger, 'rings and memory, not bound', sock, umem, rxRing=64)


def put_descriptor(sock, address, length):
    """Fills the first place of the ring for sending. Older kernels allow that before bind() only."""
    producer, _, descriptors = struct.unpack_from('=3Q', ask(sock, SOL_XDP, XDP_MMAP_OFFSETS, 128), 32)
    with mmap.mmap(sock.fileno(), descriptors + DESCRIPTOR.size, offset=XDP_PGOFF_TX_RING) as ring:
        DESCRIPTOR.pack_into(ring, descriptors, address, length, 0)
        struct.pack_into('=I', ring, producer, 1)


def miscounted(ledger):
    """A descriptor beyond the memory is counted, and a look into an empty ring as well."""
    queue, umem = devices.QUEUES - 1, Umem(4, 4096, 0)
    rings = {'txRing': 1, 'umemFillRing': 2, 'umemCompletionRing': 2}
    sock = open_xdp(umem, **rings)
    put_descriptor(sock, umem.size, 100)
    bind(sock, queue)
    for _ in range(2):
        sock.send(b'', socket.MSG_DONTWAIT)
    counted = statistics_of(sock)
    if counted['nTxInvalid'] == 0 or counted['nTxRingEmpty'] == 0:
        raise RuntimeError(f'what was done wrong was not counted: {counted}')
    expect(ledger, 'invalid descriptor sent', sock, umem, (devices.NEAR_INDEX, queue), **rings)


SOCKET = (AF_XDP, socket.SOCK_RAW, 0)
SCENES = [detached, bound, sharing, unbound, miscounted]
