"""Recordings of the files in /proc/net that tell of sockets, and of what the sockets are.

    unshare --net python3 proc_ledger.py DIRECTORY

makes sockets of every kind that these files show, waits until all is still, copies the files to DIRECTORY/net,
and writes DIRECTORY/ledger.json, which it also prints:

    linux     the kernel's version
    files     the files that were copied; the kernel does not have the others
    sockets   what was made: the `file` that shows it, and those fields of a record that the file can tell. They
              are known from the maker's own side (what was bound, sent and read, fstat(2), getsockopt(2)), none
              from /proc/net. `backlog` is the wqueue of a listener, which is not told. A field is absent where
              the maker does not know it. `phantom` is a second file, in which the kernel shows the socket by
              mistake: with the same inode, and without its addresses
"""

import fcntl
import json
import os
import platform
import re
import shutil
import socket
import struct
import sys
import tempfile
import termios
import time

sys.dont_write_bytecode = True  # leave nothing in the source tree

import devices
import observed
import proc_sockets
from ledger import Ledger, inode_of
from link_ledger import LinkLedger, meminfo_of
from world import PATIENCE, dissolve, settle

FILES = ['tcp', 'tcp6', 'udp', 'udp6', 'udplite', 'udplite6', 'raw', 'raw6', 'icmp', 'icmp6', 'unix',
         'packet', 'netlink', 'pfkey']
TOLD = ['protocol', 'family', 'type', 'state', 'src', 'sport', 'dst', 'dport', 'timer', 'rqueue', 'wqueue',
        'backlog', 'drops', 'uid', 'inode', 'nameHex', 'num', 'info', 'portid', 'groups', 'flags', 'meminfo',
        'phantom']
MEMORY_TOLD = {'packet': ['rmemAlloc'], 'netlink': ['rmemAlloc', 'wmemAlloc', 'drops'],
               'pfkey': ['rmemAlloc', 'wmemAlloc']}
RUNNING_TIMER = re.compile(rb'(?<= [0-9A-F]{2}:)[0-9A-F]{8,}(?= )')
UNREAD, UNSENT = termios.FIONREAD, termios.TIOCOUTQ


def read(name):
    """The bytes of a file, or None."""
    try:
        with open(f'/proc/self/net/{name}', 'rb') as file:
            return file.read()
    except FileNotFoundError:
        return None


def count(sock, request):
    return struct.unpack('=i', fcntl.ioctl(sock, request, bytes(4)))[0]


class ProcLedger(Ledger):
    """Adds what the files tell of queues, as the socket itself says it when it is asked."""

    def sockets(self):
        kept = {inode_of(sock): sock for sock in self._kept}
        for expectation in self.expectations:
            yield self._measured(expectation, kept.get(expectation['inode']))
        yield from ({'file': 'unix', **embryo} for embryo in proc_sockets.embryos(self.expectations))

    @staticmethod
    def _measured(expectation, sock):
        protocol, told = expectation['protocol'], dict(expectation)
        told['file'] = protocol + ('6' if expectation['family'] == 'inet6' else '')
        if protocol == 'unix':
            told = {field: value for field, value in told.items() if field not in ('rqueue', 'wqueue')}
        elif protocol != 'tcp':
            memory = meminfo_of(sock)
            told.update(rqueue=memory['rmemAlloc'], wqueue=memory['wmemAlloc'], drops=memory['drops'])
        elif told['state'] == 'LISTEN':
            told['backlog'] = told.pop('wqueue', None)
        elif sock is not None and told['state'] == 'ESTABLISHED':
            told.update(rqueue=count(sock, UNREAD), wqueue=count(sock, UNSENT))
        return told


def link_sockets(file_name, ledger: LinkLedger):
    for known in ledger.expectations():
        told = {'file': file_name, 'family': file_name, **known}
        told['meminfo'] = {name: known['meminfo'][name] for name in MEMORY_TOLD[file_name]}
        if file_name == 'packet':
            told['info'] = {'index': known['info']['index'],
                            'flags': {'running': known['info']['flags']['running']}}
        elif file_name == 'netlink':
            told['flags'] = {'cbRunning': known['flags']['cbRunning']}
            del told['type'], told['state'], told['uid']
        yield told


def lean(known):
    """In a fixed order."""
    return {'file': known['file'], 'label': known['label'],
            **{field: known[field] for field in TOLD if known.get(field) is not None}}


def is_steady(before, after):
    """Whether two readings of a file differ in nothing but the time that is left to timers."""
    return (before is None) == (after is None) and \
        (before is None or RUNNING_TIMER.sub(b'', before) == RUNNING_TIMER.sub(b'', after))


def record(world):
    """(what was made, bytes by file), from a moment in which nothing changed."""
    deadline = time.monotonic() + PATIENCE
    while True:
        settle(world.shown())
        made = world.sockets()
        contents = {name: read(name) for name in FILES}
        moving = [name for name in FILES if not is_steady(contents[name], read(name))]
        if not moving and made == world.sockets() and not observed.complaints(world.shown()):
            return made, {name: content for name, content in contents.items() if content is not None}
        if time.monotonic() > deadline:
            raise TimeoutError(f'the world does not come to rest; what moves: {moving or "the sockets"}')
        time.sleep(0.1)


class World:
    def __init__(self, ledger, far_scenes, directory):
        self._ledger = ledger
        proc_sockets.play(ledger, far_scenes, directory)
        self._links = {'packet': proc_sockets.packets(), 'netlink': proc_sockets.netlinks(),
                       'pfkey': proc_sockets.keys()}
        self._links['packet'].keep(far_scenes.deafen(), {
            'label': 'the far host', 'type': 'raw', 'num': 3,
            'info': {'index': devices.DEVICE_INDEXES[devices.FAR_DEVICE], 'flags': {'running': True}},
        })

    def shown(self):
        """What observed.py can look for."""
        return [known for known in self._ledger.expectations if known['protocol'] not in ('raw', 'icmp')]

    def sockets(self):
        links = (known for name, ledger in self._links.items() for known in link_sockets(name, ledger))
        return [lean(known) for known in (*self._ledger.sockets(), *links)]


def linux_version():
    """Debian has its own in the place of a release's last number."""
    debian = re.search(r'Debian ([0-9.]+)', platform.version())
    return debian[1] if debian else platform.release().partition('-')[0]


def write(directory, made, contents):
    document = {'linux': linux_version(), 'files': list(contents), 'sockets': made}
    os.makedirs(f'{directory}/net', exist_ok=True)
    for name, content in contents.items():
        with open(f'{directory}/net/{name}', 'wb') as file:
            file.write(content)
    with open(f'{directory}/ledger.json', 'w', encoding='ascii') as file:
        lines = ',\n  '.join(map(json.dumps, made))
        head = json.dumps({**document, 'sockets': []})[:-3]
        file.write(f'{head}[\n  {lines}\n]}}\n')
    print(json.dumps(document, separators=(',', ':')))


def main():
    target = os.path.abspath(sys.argv[1])
    devices.bring_up()
    ledger = ProcLedger()
    far_scenes = proc_sockets.far_scenes_of(ledger)
    directory = tempfile.mkdtemp(prefix='sockets-')
    try:
        made, contents = record(World(ledger, far_scenes, directory))
        write(target, made, contents)
    finally:
        dissolve(ledger, far_scenes)
        shutil.rmtree(directory)


if __name__ == '__main__':
    main()
