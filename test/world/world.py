"""A network namespace with sockets of every kind and in every state, for tests to look at.

    unshare --net python3 world.py DIRECTORY

makes the sockets (unix paths in DIRECTORY), waits until each is in its state, writes one line of JSON that
says what was made, and keeps it so until stdin is closed; the first states pass away after nine minutes.
"""

import json
import os
import select
import sys
import time

sys.dont_write_bytecode = True  # leave nothing in the source tree

import datagrams
import devices
import observed
import tcp_bound
import tcp_far
import tcp_near
import unix_sockets
from ledger import Ledger

PATIENCE = 15.0  # seconds; a world is complete within two
REFRESH_INTERVAL = 20.0  # seconds, well below TIME_WAIT's 60
PARTING = 5.0  # seconds for the last orphans; they take some milliseconds


def create(ledger, far_scenes, directory):
    """Makes all sockets; some are then still on the way to their states."""
    far_scenes.play()
    tcp_near.play(ledger)
    tcp_bound.play(ledger)
    datagrams.play(ledger)
    unix_sockets.play(ledger, directory)


def settle(expectations):
    """Waits until everything is as expected."""
    deadline = time.monotonic() + PATIENCE
    while complaints := observed.complaints(expectations):
        if time.monotonic() > deadline:
            raise TimeoutError('the world is not as it should be:\n  ' + '\n  '.join(complaints))
        time.sleep(0.05)


def announce(expectations):
    news = {'pid': os.getpid(), 'devices': devices.DEVICE_INDEXES, 'expect': expectations}
    print(json.dumps(news, separators=(',', ':')), flush=True)


def wait_for_the_end(far_scenes):
    """Returns when stdin is closed; what is written to it is ignored."""
    while True:
        if select.select([sys.stdin], [], [], REFRESH_INTERVAL)[0]:
            if not os.read(sys.stdin.fileno(), 4096):
                return
        far_scenes.refresh()


def dissolve(ledger, far_scenes):
    """Orphans outlive their process, and with them the namespace: so they are ended one by one."""
    ledger.close()
    far_scenes.end()
    deadline = time.monotonic() + PARTING
    while observed.orphans() and time.monotonic() < deadline:
        time.sleep(0.02)


def main():
    devices.bring_up()
    ledger = Ledger()
    far_scenes = tcp_far.FarScenes(ledger)
    try:
        create(ledger, far_scenes, sys.argv[1])
        settle(ledger.expectations)
        announce(ledger.expectations)
        wait_for_the_end(far_scenes)
    finally:
        dissolve(ledger, far_scenes)


if __name__ == '__main__':
    main()
