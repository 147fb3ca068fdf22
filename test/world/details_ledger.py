"""The sockets of the world of details: each is kept, and known by its protocol and its inode."""

import socket

from answers import IPPROTO_MPTCP, answers_of, protocol_of
from ledger import inode_of

PROTOCOLS = {socket.IPPROTO_TCP: 'tcp', socket.IPPROTO_UDP: 'udp', socket.IPPROTO_UDPLITE: 'udplite',
             IPPROTO_MPTCP: 'mptcp'}


class DetailsLedger:
    def __init__(self):
        self._sockets = []
        self._kept = []
        self.expectations = []
        self.lacks = {}

    def lack(self, what, why):
        """What cannot be had here, so that some sockets are not made."""
        self.lacks[what] = str(why)

    def expect(self, label, sock, **known):
        """`known` is what the maker of the socket knows of its record, in the record's words."""
        self._sockets.append(sock)
        self.expectations.append({'label': label, 'protocol': PROTOCOLS[protocol_of(sock)],
                                  'inode': inode_of(sock), **known})
        return sock

    def keep(self, *sockets):
        """Those that are not to be looked at."""
        self._kept.extend(sockets)

    def answers(self):
        """In the order of the expectations."""
        return [answers_of(sock) for sock in self._sockets]

    def close(self):
        for sock in self._sockets + self._kept:
            sock.close()
