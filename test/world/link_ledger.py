"""What a link world has made: its sockets, and what a reader must see of each, in the words of a record."""

import os
import socket
import struct

from ledger import cookie_of, inode_of

SO_MEMINFO = 55  # Python has no name for it
MEMINFO = ('rmemAlloc', 'rcvbuf', 'wmemAlloc', 'sndbuf', 'fwdAlloc', 'wmemQueued', 'optmem', 'backlog',
           'drops')


def meminfo_of(sock):
    """The same numbers as in a record, by another way."""
    words = sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * len(MEMINFO))
    return dict(zip(MEMINFO, struct.unpack(f'={len(MEMINFO)}I', words)))


class LinkLedger:
    def __init__(self):
        self._entries = []

    def keep(self, sock, known):
        """`known` is looked at when all sockets are made, and until then may be added to."""
        self._entries.append((sock, known))

    def expectations(self):
        return [{
            **known, 'inode': inode_of(sock), 'cookie': cookie_of(sock), 'meminfo': meminfo_of(sock),
            'uid': os.fstat(sock.fileno()).st_uid,
        } for sock, known in self._entries]
