"""What the world has made: the sockets that it keeps open, and what a reader must see of each of them.

Nothing here comes from sock_diag itself: see facts.py.
"""

import socket

from facts import KERNEL, ends_of, identity_of, inet_facts, inode_of, uid_of

UNIX_TYPES = {socket.SOCK_STREAM: 'stream', socket.SOCK_DGRAM: 'dgram', socket.SOCK_SEQPACKET: 'seqpacket'}


class Ledger:
    def __init__(self):
        self._entries = []
        self._kept = []
        self.hidden = []
        self.absent = []

    def keep(self, *sockets):
        self._kept.extend(sockets)

    def close(self):
        for sock in self._kept:
            sock.close()
        self._kept.clear()

    def ends(self):
        """What every open socket is called."""
        return [{**identity_of(sock), **ends_of(sock)} for sock in self._kept if sock.fileno() >= 0]

    def lack(self, name):
        """Notes what this kernel does not have, so that nothing is left out silently."""
        self.absent.append(name)

    def hide(self, kind, label, sock):
        """A socket that is there, but that the kernel shows to no reader who asks for states by name."""
        self.keep(sock)
        self.hidden.append({'kind': kind, 'label': label, 'expect': identity_of(sock)})

    def expect(self, kind, label, expected, **beside):
        """`expected` holds fields by the record's names. One that has yet to settle is a function, which is
        called when the world is announced. `beside` is told beside them, for it is no field of a record.
        """
        self._entries.append({'kind': kind, 'label': label, 'expect': expected, **beside})

    def expect_inet(self, kind, label, sock, state, beside=None, **known):
        """An IP socket that stays open. `known` holds further fields, or better ones."""
        self.keep(sock)
        self.expect(kind, label, {**inet_facts(sock, state), **known}, **(beside or {}))

    def expect_unix(self, label, sock, state, name=None, peer=None, **known):
        """`name` is what was given to bind(); `peer` the other end, or 0 for one without inode."""
        self.keep(sock)
        if name:
            known['nameBytes'] = name.hex()
        if peer is not None:
            known['peer'] = peer if isinstance(peer, int) else inode_of(peer)
        if sock.type == socket.SOCK_DGRAM and KERNEL < (5, 15):
            state = 'CLOSE'  # a peer makes no difference yet
        self.expect('unix', label, {'type': UNIX_TYPES[sock.type], 'state': state, **identity_of(sock),
                                    'uid': uid_of(sock), **known})

    def read(self):
        """All entries as they are now."""
        return [{**entry, 'expect': {field: value() if callable(value) else value
                                     for field, value in entry['expect'].items()}}
                for entry in self._entries]
