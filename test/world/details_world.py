"""A network namespace whose sockets have something to say in every attribute, for tests to look at.

    unshare --net --mount python3 details_world.py

makes the sockets and writes one line of JSON that says what was made. Then it answers each line of JSON that
it reads with another, until stdin is closed:

    "answers"       what getsockopt() says of each socket now, in the order of the first line
    ["COMMAND", …]  what a command writes that has the descriptors of the BPF maps
"""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # leave nothing in the source tree

import attributes
import devices
import fast_open
import observed
import tcp_paths
from details_ledger import DetailsLedger
from hosts import Hosts
from mptcp import Multipath
from storages import Storages
from tcp_troubles import Troubles

TIMEOUT = 1.2  # seconds, of which the kernel waits one before it sends a SYN again
QUIET = 0.3  # seconds, in which delayed acknowledgements are sent
PARTING = 5.0  # seconds for the last orphans; they take some milliseconds


class World:
    def __init__(self):
        devices.bring_up()
        self.ledger = DetailsLedger()
        self.hosts = Hosts(self.ledger)
        self.troubles = Troubles(self.ledger)
        self.multipath = Multipath(self.hosts, self.ledger)
        self.storages = Storages(self.ledger)

    def create(self):
        """What takes its time is begun first."""
        attributes.play_in_class(self.ledger)
        start = time.monotonic()
        self.troubles.begin()
        self.multipath.begin()
        tcp_paths.play(self.hosts, self.ledger)
        fast_open.play(self.hosts, self.ledger)
        attributes.play(self.ledger)
        self.storages.play()
        time.sleep(max(0.0, start + TIMEOUT - time.monotonic()))
        self.troubles.go_on()
        self.multipath.go_on()
        time.sleep(QUIET)

    def announce(self):
        say({'pid': os.getpid(), 'sockets': self.ledger.expectations, 'lacks': self.ledger.lacks,
             'maps': [{'descriptor': storage.descriptor, 'id': storage.id, 'size': storage.size}
                      for storage in self.storages.maps]})

    def answer(self, question):
        if question == 'answers':
            return self.ledger.answers()
        descriptors = [storage.descriptor for storage in self.storages.maps]
        outcome = subprocess.run(question, pass_fds=descriptors, capture_output=True, text=True, check=False)
        return {'stdout': outcome.stdout, 'stderr': outcome.stderr}

    def dissolve(self):
        """Orphans outlive their process, and with them the namespace: so they are ended one by one."""
        self.ledger.close()
        self.troubles.end()
        deadline = time.monotonic() + PARTING
        while observed.orphans() and time.monotonic() < deadline:
            time.sleep(0.02)


def say(what):
    print(json.dumps(what, separators=(',', ':')), flush=True)


def main():
    world = World()
    try:
        world.create()
        world.announce()
        for line in sys.stdin:
            say(world.answer(json.loads(line)))
    finally:
        world.dissolve()


if __name__ == '__main__':
    main()
