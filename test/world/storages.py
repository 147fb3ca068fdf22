"""What BPF maps hold for sockets: a few bytes, or so many that a record is larger than a usual datagram."""

import hashlib
import random
import socket

from answers import IPPROTO_MPTCP
from bpf import SkStorage

FIRST_PORT = 49000
SMALL = (4, 100, 1001)
MIDDLING = (20_000, 20_001)
# An attribute has 16 bits for its length: the kernel cannot tell more than 64 kB of one socket.
LARGE = 60_000


class Storages:
    """`maps` is empty where there is no bpf(2)."""

    def __init__(self, ledger):
        self._ledger = ledger
        self.maps = []
        try:
            self.maps = [SkStorage(size) for size in (*SMALL, *MIDDLING, LARGE)]
        except OSError as error:
            ledger.lack('bpf', error)

    def play(self):
        if not self.maps:
            return
        protocols = {'TCP': socket.IPPROTO_TCP}
        if 'mptcp' not in self._ledger.lacks:
            protocols['MPTCP'] = IPPROTO_MPTCP
        for index, (name, protocol) in enumerate(protocols.items()):
            for number, sizes in enumerate((SMALL, MIDDLING, (LARGE,), SMALL[:1])):
                sock = listening(protocol, FIRST_PORT + 10 * index + number)
                storages = [keep(storage, sock) for storage in self.maps if storage.size in sizes]
                self._ledger.expect(f'with {sum(sizes)} bytes of BPF storage, {name}', sock,
                                    skBpfStorages=storages)


def listening(protocol, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
    sock.bind(('127.0.0.1', port))
    sock.listen(1)
    return sock


def keep(storage, sock):
    """What the kernel gives back by another way is what a record has to say."""
    storage.keep(sock, random.Random(storage.id).randbytes(storage.size))
    value = storage.kept(sock)
    return {'mapId': storage.id, 'size': len(value), 'sha256': hashlib.sha256(value).hexdigest()}
