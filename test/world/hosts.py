"""Two hosts, each a network namespace with the kernel's own stack, and two cables between them.

The cables are slow and hold few packets, so that what is sent fast over them is lost in part.
"""

import ctypes
import os
import socket
import subprocess
from typing import NamedTuple

import devices

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)

# The namespaces' own, as in devices.py.
SETTINGS = {
    'ipv4/tcp_no_metrics_save': 1,
    'ipv4/tcp_syncookies': 0,
    'ipv4/tcp_fastopen': 3,
    'ipv6/conf/all/keep_addr_on_down': 1,
    'ipv6/conf/default/accept_dad': 0,
    'ipv6/conf/default/accept_ra': 0,
    'ipv6/conf/default/router_solicitations': 0,
    'ipv6/conf/default/addr_gen_mode': 1,
}
SLOW = 'tbf rate 100mbit burst 16kb limit 40kb'


class Cable(NamedTuple):
    """The addresses at its ends."""
    index: int
    near: str
    far: str
    near_ipv4: str
    far_ipv4: str
    near_ipv6: str
    far_ipv6: str


FIRST = Cable(20, 'e0', 'e1', '198.51.100.1', '198.51.100.2', '2001:db8:1::1', '2001:db8:1::2')
SECOND = Cable(22, 'f0', 'f1', '203.0.113.1', '203.0.113.2', '2001:db8:2::1', '2001:db8:2::2')
CABLES = (FIRST, SECOND)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'{name}: {os.strerror(number)}')


class Host:
    """The namespace that this process is in. `with host:` goes there, and back to where it was."""

    def __init__(self):
        self._descriptor = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        self._before = []
        # Not /proc/self: `ip` is another process.
        self.path = f'/proc/{os.getpid()}/fd/{self._descriptor}'

    def __enter__(self):
        self._before.append(Host())
        call('setns', self._descriptor, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        before = self._before.pop()
        call('setns', before._descriptor, CLONE_NEWNET)
        os.close(before._descriptor)


def fresh_host():
    home = Host()
    with home:
        call('unshare', CLONE_NEWNET)
        return Host()


class Hosts:
    """`near` is this process's own, where the sockets are that tests look at."""

    def __init__(self, ledger):
        self._ledger = ledger
        self.near, self.far = Host(), fresh_host()
        for name, value in SETTINGS.items():
            self.set_sysctl(name, value)
        for cable in CABLES:
            devices.ip(f'link add {cable.near} index {cable.index} type veth peer name {cable.far} '
                       f'index {cable.index + 1} netns {self.far.path}\n')
            self._plug_in(self.near, cable.near, f'{cable.near_ipv4}/24', f'{cable.near_ipv6}/64')
            self._plug_in(self.far, cable.far, f'{cable.far_ipv4}/24', f'{cable.far_ipv6}/64')

    def _plug_in(self, host, device, *addresses):
        with host:
            devices.ip('link set lo up\n'
                       + ''.join(f'address add {address} dev {device} nodad\n' for address in addresses)
                       + f'link set {device} up\n')
            self._slow_down(device)

    def _slow_down(self, device):
        """Where it cannot be done, nothing is lost."""
        command = ['tc', 'qdisc', 'add', 'dev', device, 'root', *SLOW.split()]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            self._ledger.lack('loss', f'{" ".join(command)}: {outcome.stderr.strip()}')

    def set_sysctl(self, name, value):
        for host in (self.near, self.far):
            with host:
                devices.set_sysctl(name, value)


def family_of(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET
