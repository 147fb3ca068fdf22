"""Ten network namespaces: with names, with processes, mounted elsewhere, and some of each; a TCP listener in each.

Writes one line of JSON that says what they are, and takes all of them away when its input ends. The listeners are held
by this process, which is in none of them, so that a namespace has exactly the processes that are meant to be in it.

usage: namespaces.py DIRECTORY PREFIX
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000
MS_BIND, MNT_DETACH = 4096, 2
PR_SET_PDEATHSIG = 1
FIRST_PORT = 21000

libc = ctypes.CDLL(None, use_errno=True)
home = open('/proc/self/ns/net', 'rb')


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f'{what}: {os.strerror(ctypes.get_errno())}')


def enter(path):
    with open(path, 'rb') as file:
        check(libc.setns(file.fileno(), CLONE_NEWNET), f'setns {path}')


def leave():
    check(libc.setns(home.fileno(), CLONE_NEWNET), 'setns back')


class Worlds:
    def __init__(self, directory, prefix):
        self.directory, self.prefix = directory, prefix
        self.names, self.mounts, self.pids, self.sockets, self.told = [], [], [], [], []

    def make(self):
        for i in range(3):
            self.tell(f'named {i}', name=self.named(f'{i}'))
        name = self.named('crowded')
        self.tell('named, with processes', name=name, pids=self.processes(2, f'/run/netns/{name}'))
        for count in (1, 2, 5):
            self.tell(f'{count} processes', pids=self.processes(count))
        for file in ('a blank', 'new\nline, tab\tand back\\slash\\040'):
            self.tell(f'mounted at {file!r}', mount=self.abandoned(file))
        pids = self.processes(1)
        self.tell('a process, and mounted', pids=pids, mount=self.mounted('beside', pids[0]))

    def named(self, suffix):
        name = f'{self.prefix}-{suffix}'
        subprocess.run(['ip', 'netns', 'add', name], check=True)
        self.names.append(name)
        return name

    def processes(self, count, path=None):
        """Processes in a namespace of their own, or in that of a file; the first has the lowest id."""
        first = self.process(lambda: enter(path) if path else check(libc.unshare(CLONE_NEWNET), 'unshare'))
        inside = f'/proc/{first}/ns/net'
        return [first, *(self.process(lambda: enter(inside)) for _ in range(count - 1))]

    def process(self, begin):
        ready, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                begin()
                os.write(tell, b'.')
                while True:
                    signal.pause()
            finally:
                os._exit(1)
        self.pids.append(pid)
        os.close(tell)
        if os.read(ready, 1) != b'.':
            raise RuntimeError('a process could not enter its namespace')
        os.close(ready)
        return pid

    def mounted(self, file, pid):
        path = os.path.join(self.directory, file)
        open(path, 'x').close()
        check(libc.mount(f'/proc/{pid}/ns/net'.encode(), path.encode(), b'none', MS_BIND, None), 'mount')
        self.mounts.append(path)
        return path

    def abandoned(self, file):
        """A mount of a namespace whose process has ended."""
        [pid] = self.processes(1)
        path = self.mounted(file, pid)
        self.pids.remove(pid)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return path

    def tell(self, label, name=None, mount=None, pids=()):
        path = f'/run/netns/{name}' if name else mount or f'/proc/{pids[0]}/ns/net'
        port = FIRST_PORT + len(self.told)
        enter(path)
        try:
            self.sockets.append(socket.create_server(('', port)))
        finally:
            leave()
        told = {'label': label, 'ino': os.stat(path).st_ino, 'path': path, 'processes': len(pids), 'port': port}
        if name:
            told['name'] = name
        if pids:
            told['pid'] = pids[0]
        self.told.append(told)

    def end(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for path in self.mounts:
            libc.umount2(path.encode(), MNT_DETACH)
        for name in self.names:
            subprocess.run(['ip', 'netns', 'delete', name], check=False, stderr=subprocess.DEVNULL)


def main():
    worlds = Worlds(*sys.argv[1:])
    try:
        worlds.make()
        print(json.dumps(worlds.told), flush=True)
        sys.stdin.read()
    finally:
        worlds.end()


main()
