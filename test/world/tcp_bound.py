"""TCP listeners and bound sockets by what they are bound to: address, family, device, a shared port."""

import socket

import devices

D0 = devices.DEVICE_INDEXES[devices.NEAR_DEVICE]
LISTENERS_PORT = 28000
INACTIVE_PORT = 29000


def bound(family, address, v6only=None, device=None, shared=False):
    sock = socket.socket(family, socket.SOCK_STREAM)
    if v6only is not None:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    if device is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b'\0')
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(address)
    return sock


def kinds(port):
    """(label, socket, what is known of it) for each way of being bound, on ports from `port` on."""
    v4, v6, loopback = socket.AF_INET, socket.AF_INET6, devices.DEVICE_INDEXES['lo']
    return [
        ('IPv4 address', bound(v4, ('127.0.0.1', port)), {'ifindex': 0}),
        ('IPv4 wildcard', bound(v4, ('0.0.0.0', port + 1)), {'ifindex': 0}),
        ('IPv6 address', bound(v6, ('::1', port + 2)), {'ifindex': 0, 'skv6only': True}),
        ('dual-stack wildcard', bound(v6, ('::', port + 3), v6only=0), {'ifindex': 0, 'skv6only': False}),
        ('IPV6_V6ONLY', bound(v6, ('::', port + 4), v6only=1), {'ifindex': 0, 'skv6only': True}),
        ('v4-mapped address', bound(v6, ('::ffff:127.0.0.1', port + 5), v6only=0), {'ifindex': 0}),
        ('link-local', bound(v6, (devices.NEAR_LOCAL, port + 6, 0, D0)), {'ifindex': D0}),
        ('IPv4 on device d0', bound(v4, ('0.0.0.0', port + 7), device='d0'), {'ifindex': D0}),
        ('IPv4 on device lo', bound(v4, ('127.0.0.1', port + 8), device='lo'), {'ifindex': loopback}),
        ('IPv6 on device d0', bound(v6, ('::', port + 9), device='d0'), {'ifindex': D0}),
        ('first of a shared port', bound(v4, ('127.0.0.1', port + 10), shared=True), {'ifindex': 0}),
        ('second of a shared port', bound(v4, ('127.0.0.1', port + 10), shared=True), {'ifindex': 0}),
    ]


def play(ledger):
    for label, sock, known in kinds(LISTENERS_PORT):
        sock.listen(7)
        ledger.expect_open(f'listener, {label}', 'tcp', 'LISTEN', sock, rqueue=0, wqueue=7, **known)
    for label, sock, known in kinds(INACTIVE_PORT):
        ledger.expect_open(f'bound-inactive, {label}', 'tcp', 'CLOSE', sock, rqueue=0, wqueue=0, **known)
