"""A network namespace whose sockets are held by processes in every way that there is, for tests to look at.

    unshare --net python3 owners_world.py

makes them, writes one line of JSON that says who holds what, and keeps it so until stdin is closed. Every
descriptor is told by the process that has it, which asks the kernel for its inode (fstat).
"""

import array
import ctypes
import errno
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
IPPROTO_MPTCP = 262
PATH_MAX = 4096
SYS_EXIT = {'x86_64': 60, 'aarch64': 93}

# What may be mistaken for the end of the name in /proc/PID/stat, or for the end of a line.
NAMES = [b'two words', b'(', b')', b') S 1 1 1', b'a) R (b) 7 7', b'new\nline', b'ends\n', b'fifteen bytes..',
         'blåbær ☃'.encode(), b'\xff\xfe bytes', b'tab\there', b'"quoted\\"', b'']

libc = ctypes.CDLL(None, use_errno=True)
children = []


def prctl(option, value):
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'prctl')


def inode(fd):
    return os.fstat(fd).st_ino


def child(hold, name=None, rest=signal.pause):
    """A process that calls `hold`, which gives the descriptors of its sockets, and keeps them while it calls `rest`.
    Gives its pid and these, each with its inode."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(tell)
        with open(told) as lines:
            line = lines.readline()
        if not line:
            raise RuntimeError('a child has failed')
        children.append(pid)
        return pid, {int(fd): number for fd, number in json.loads(line).items()}
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if name is not None:
            prctl(PR_SET_NAME, ctypes.c_char_p(name))
        held = hold()
        os.write(tell, json.dumps({fd: inode(fd) for fd in held}).encode() + b'\n')
        os.close(tell)
        rest()
    finally:
        os._exit(1)


class World:
    def __init__(self):
        self.held = {}

    def note(self, label, pid, held, comm=None):
        """Sockets that a process holds: the number of each by its descriptor."""
        for fd, number in held.items():
            entry = self.held.setdefault(number, {'label': label, 'owners': []})
            entry['owners'].append({'pid': pid, 'fd': fd, **({'comm': comm.hex()} if comm is not None else {})})

    def keep(self, label, *sockets):
        self.note(label, os.getpid(), {sock.fileno(): inode(sock.fileno()) for sock in sockets})

    def sole(self, label, make, name=None):
        """A process of its own, which holds nothing else."""
        pid, held = child(lambda: [make().detach()], name)
        self.note(label, pid, held, name)


def bound_udp():
    """Those that are not bound are not in any dump."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', 0))
    return sock


def play_fork(world):
    listener = socket.create_server(('127.0.0.1', 0))
    world.keep('shared with two children', listener)
    for _ in range(2):
        world.note('shared with two children', *child(lambda: [listener.fileno()]))
    return listener


def play_duplicates(world):
    first = bound_udp()
    copies = [os.dup(first.fileno()) for _ in range(3)]
    world.note('by four descriptors', os.getpid(), {fd: inode(fd) for fd in (first.fileno(), *copies)})
    return first


def play_passed(world):
    """The one who has made it holds it no more."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def hold():
        _, rights, _, _ = far.recvmsg(1, socket.CMSG_SPACE(4))
        fds = array.array('i')
        fds.frombytes(rights[0][2][:4])
        near.close()
        far.close()
        return list(fds)

    passed = bound_udp()
    number = inode(passed.fileno())
    near.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [passed.fileno()]))])
    passed.close()
    pid, held = child(hold)
    assert list(held.values()) == [number]
    world.note('passed on', pid, held)
    near.close()
    far.close()


def play_in_flight(world):
    """In a message that nobody has received: no process holds it."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    flying = bound_udp()
    near.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [flying.fileno()]))])
    number = inode(flying.fileno())
    flying.close()
    world.held[number] = {'label': 'in a message', 'owners': []}
    world.keep('unix pair', near, far)
    return near, far


def play_headless(world):
    """A process whose first thread has ended, and another not: /proc/PID/fd is empty then."""
    def rest():
        threading.Thread(target=signal.sigwait, args=([signal.SIGUSR1],)).start()
        libc.syscall(SYS_EXIT[platform.machine()], 0)

    world.note('first thread ended', *child(lambda: [bound_udp().detach()], rest=rest))


def play_connections(world, listener):
    """One that is accepted, one that is not yet, and one in TIME_WAIT."""
    address = listener.getsockname()
    client = socket.create_connection(address)
    server, _ = listener.accept()
    world.keep('connection', client, server)
    passing = socket.create_connection(address)
    other, _ = listener.accept()
    passing.close()
    other.recv(1)
    other.close()
    waiting = socket.create_connection(address)
    world.keep('not accepted yet', waiting)
    return client, server, waiting


def play_mptcp(world):
    """A connection and its first subflow, which is a TCP socket, have one inode."""
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    except OSError:
        return None
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    world.keep('mptcp', listener, client, server)
    return listener, client, server


def play_deep_file():
    """A file whose path the kernel cannot tell, for its length, between two sockets."""
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        for _ in range(PATH_MAX // 200 + 1):
            os.mkdir('d' * 200)
            os.chdir('d' * 200)
        deep = open('file', 'w')
        os.chdir(home)
    try:
        os.readlink(f'/proc/self/fd/{deep.fileno()}')
    except OSError as error:
        assert error.errno == errno.ENAMETOOLONG
        return deep
    raise RuntimeError('the path is not long enough')


def play_families(world):
    packet = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    netlink.bind((0, 1))
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    unix.bind('\0sockdiag-owners')
    udp6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp6.bind(('::1', 0))
    for label, sock in {'packet': packet, 'netlink': netlink, 'unix': unix, 'udp6': udp6}.items():
        world.keep(label, sock)
    return packet, netlink, unix, udp6


def play():
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    world = World()
    for name in NAMES:
        world.sole('name', bound_udp, name)
    play_passed(world)
    play_headless(world)
    listener = play_fork(world)
    kept = [play_duplicates(world), play_in_flight(world), play_connections(world, listener),
            play_mptcp(world), play_deep_file(), play_families(world)]
    held = [{'inode': number, **entry} for number, entry in world.held.items()]
    print(json.dumps({'pid': os.getpid(), 'held': held}), flush=True)
    sys.stdin.read()
    del kept


def main():
    try:
        play()
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


if __name__ == '__main__':
    main()
