"""Sockets of the families that need a kernel of their own, for tests to look at.

    python3 world.py [--hold SECONDS]

is for a throw-away machine with no network but lo, as root, with all modules loaded. It makes the sockets,
writes one line of JSON that says what it made, and keeps it so until stdin is closed, and at least as long as
it is told to hold. The line is an object of

    sockets   what a reader of sock_diag must see: {kind, label, expect: {field: value}} of each socket.
              Beside them stand `association` for SCTP, whose records of a socket are several, and `keys` for
              TCP-MD5. In `expect`, `nonzero` names a queue that has something in it, `present` properties
              that are there, whatever their value
    hidden    sockets that are there and not to be seen
    absent    what this kernel does not have
    ends      what getsockname(2) and getpeername(2) give for each socket, by inode and cookie
"""

import argparse
import json
import os
import sys
import time

sys.dont_write_bytecode = True  # leave nothing in the source tree
# For some scenes of the other world. What has the same name in both is this one's.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../world'))

import congestion
import dccp
import devices
import md5
import mptcp
import netlink
import packet
import raw
import sctp
import smc
import tcp
import tipc
import tls
import udp
import udplite
import unix
import vsock
import xdp
from facts import has_sockets
from ledger import Ledger

# Each has SOCKET, which says what kind of socket it cannot do without, and SCENES, which make sockets and tell
# the ledger of them. Packet sockets hear what is said after them, and so come last.
FAMILIES = [raw, udp, udplite, tcp, congestion, md5, tls, mptcp, sctp, dccp, vsock, xdp, smc, tipc, unix,
            netlink, packet]
PATIENCE = 20.0  # seconds
QUIET = 0.5  # seconds; longer than any acknowledgement is delayed


def play(ledger, family):
    if not has_sockets(*family.SOCKET):
        ledger.lack(family.__name__)
        return
    for scene in family.SCENES:
        scene(ledger)


def settled(ledger):
    """The entries, when two readings agree."""
    deadline = time.monotonic() + PATIENCE
    before = ledger.read()
    while time.monotonic() < deadline:
        time.sleep(QUIET)
        now = ledger.read()
        if now == before:
            return now
        before = now
    raise TimeoutError('the world does not come to rest')


def announce(ledger):
    sockets = settled(ledger)
    news = {'pid': os.getpid(), 'absent': ledger.absent, 'hidden': ledger.hidden, 'sockets': sockets,
            'ends': ledger.ends()}
    print(json.dumps(news, separators=(',', ':')), flush=True)


def wait_for_the_end(hold):
    time.sleep(hold)
    while os.read(sys.stdin.fileno(), 4096):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--hold', type=float, default=0, metavar='SECONDS')
    hold = parser.parse_args().hold
    devices.bring_up()
    ledger = Ledger()
    try:
        for family in FAMILIES:
            play(ledger, family)
        announce(ledger)
        wait_for_the_end(hold)
    finally:
        ledger.close()
        devices.take_down()


if __name__ == '__main__':
    main()
