"""Cgroups of this process's own: a group of version 2, and a class of net_cls. Sockets keep both."""

import contextlib
import os
import platform
import subprocess
import tempfile
import threading
import time

CLASS_ID = 0x00100002
# Before, sockets had room for one of the two, and gave up the group for good.
FIRST_WITH_BOTH = (5, 15)
PATIENCE, ATTEMPTS = 0.1, 20  # seconds, each time


@contextlib.contextmanager
def group():
    """Moves this process into a group of its own, and gives its id, the inode of its directory.

    The directory is removed when the process has left it. Sockets keep the group, and name it still.
    """
    root, before = mount_of('cgroup2'), path_of('')
    if root is None or before is None:
        raise OSError('there is no cgroup v2')
    path = tempfile.mkdtemp(prefix='sockdiag-world-', dir=root)
    try:
        enter(path)
        yield os.stat(path).st_ino
    finally:
        enter(root + before)
        os.rmdir(path)


def in_net_class(action):
    """Calls `action`, with the number of a class of net_cls, on a thread that is in it.

    To enter a class gives it to all sockets that are open then, and to go back takes it away. So this comes
    before there are any, and the thread does not go back.
    """
    directory = tempfile.mkdtemp(prefix='sockdiag-world-')
    try:
        mount_net_cls(directory)
        path = os.path.join(directory, 'sockdiag-world')
        os.mkdir(path)
        thread = threading.Thread(target=act_in_net_class, args=(path, action))
        thread.start()
        thread.join()
        remove(path)
        dissolve(directory)
    finally:
        os.rmdir(directory)


def act_in_net_class(path, action):
    write(os.path.join(path, 'net_cls.classid'), CLASS_ID)
    write(os.path.join(path, 'tasks'), threading.get_native_id())
    action(CLASS_ID)


def remove(path):
    """The thread has ended, but may not be gone."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(OSError):
            os.rmdir(path)
            return
        time.sleep(0.005)


def mount_net_cls(directory):
    """Only if nobody has: the hierarchy is to go with this mount."""
    release = tuple(int(part) for part in platform.release().split('.')[:2])
    if release < FIRST_WITH_BOTH:
        raise OSError('before Linux 5.15 net_cls would cost all new sockets their cgroup v2')
    if path_of('net_cls') is not None:
        raise OSError('net_cls is in use')
    mount(directory)


def mount(directory):
    command = ['mount', '-t', 'cgroup', '-o', 'net_cls', 'none', directory]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise OSError(outcome.stderr.strip())


def dissolve(directory):
    """The hierarchy outlives its mount if one of its directories is still being removed: then once more."""
    subprocess.run(['umount', directory], check=True)
    for _ in range(ATTEMPTS):
        if is_gone('net_cls'):
            return
        mount(directory)
        subprocess.run(['umount', directory], check=True)


def is_gone(controller):
    deadline = time.monotonic() + PATIENCE
    while path_of(controller) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def mount_of(kind):
    with open('/proc/self/mounts', encoding='utf8') as mounts:
        for line in mounts:
            _, path, found, *_ = line.split()
            if found == kind:
                return path
    return None


def path_of(controllers):
    """Where this process is in the hierarchy of these controllers; version 2 has none."""
    with open('/proc/self/cgroup', encoding='utf8') as groups:
        for line in groups:
            _, found, path = line.rstrip('\n').split(':', 2)
            if found == controllers:
                return path
    return None


def enter(path):
    write(os.path.join(path, 'cgroup.procs'), os.getpid())


def write(path, value):
    with open(path, 'w', encoding='ascii') as file:
        file.write(str(value))
