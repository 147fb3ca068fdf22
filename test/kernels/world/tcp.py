"""Plain TCP sockets: bound and nothing more, and listening. Connections are in congestion.py."""

import socket

from streams import BACKLOG, PLACES, TCP, bound, listener


def bound_only(ledger):
    for place in PLACES:
        ledger.expect_inet('tcp', f'bound-inactive, {place.label}', bound(TCP, place), 'CLOSE')


def listeners(ledger):
    for place in PLACES:
        ledger.expect_inet('tcp', f'listener, {place.label}', listener(TCP, place), 'LISTEN', rqueue=0, wqueue=BACKLOG)


SOCKET = (socket.AF_INET, *TCP)
SCENES = [bound_only, listeners]
