"""A network namespace with packet sockets or with netlink sockets, for tests to look at.

    unshare --net python3 link_world.py packet|netlink|crowd

makes the sockets, writes one line of JSON that says what was made, and keeps it so until stdin is closed. There
is no address on any device and no IPv6, so that nothing is sent which was not meant to be.
"""

import json
import os
import resource
import socket
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True  # leave nothing in the source tree

import devices
import netlink_sockets
import packet_sockets
from link_ledger import LinkLedger


class Device(NamedTuple):
    name: str
    index: int


class Devices:
    """Three veth pairs: one that is up, one that is down, and one that does not stay."""

    any = Device('', 0)
    near, far = Device('d0', 10), Device('d1', 11)
    down = Device('e0', 12)
    passing = Device('p0', 14)

    def __init__(self):
        if [name for _, name in socket.if_nameindex()] != ['lo']:
            raise RuntimeError('this is no fresh network namespace: start it by `unshare --net`')
        devices.set_sysctl('ipv6/conf/default/disable_ipv6', 1)
        devices.set_sysctl('ipv6/conf/all/disable_ipv6', 1)
        devices.ip(f'''
link add {self.near.name} index {self.near.index} type veth peer name {self.far.name} index {self.far.index}
link add {self.down.name} index {self.down.index} type veth peer name e1
link add {self.passing.name} index {self.passing.index} type veth peer name p1
link set {self.near.name} up
link set {self.far.name} up
link set {self.passing.name} up
link set p1 up
''')

    def end_passing(self):
        devices.ip(f'link delete {self.passing.name}\n')


WORLDS = {'packet': packet_sockets.play, 'netlink': netlink_sockets.play, 'crowd': netlink_sockets.play_crowd}


def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    ledger = LinkLedger()
    WORLDS[sys.argv[1]](ledger, Devices())
    news = {'pid': os.getpid(), 'devices': dict(map(reversed, socket.if_nameindex())),
            'expect': ledger.expectations()}
    print(json.dumps(news, separators=(',', ':')), flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
