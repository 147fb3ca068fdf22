"""VSOCK sockets over the loopback, whose address is context 1.

The datagram type has no transport but that of VMware's host: connect() and bind() say ENODEV elsewhere.
"""

import socket

from facts import KERNEL, has_sockets, identity_of

LOCAL_CID = 1
STREAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_SEQPACKET
TYPE_NAMES = {STREAM: 'stream', SEQPACKET: 'seqpacket'}
NOBODY = (socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY)


def expect(ledger, label, sock, state, peer=NOBODY, **known):
    ledger.keep(sock)
    src_cid, src_port = sock.getsockname()
    dst_cid, dst_port = peer
    ledger.expect('vsock', f'{label}, {TYPE_NAMES[sock.type]}', {
        'type': TYPE_NAMES[sock.type], 'state': state, 'srcCid': src_cid, 'srcPort': src_port,
        'dstCid': dst_cid, 'dstPort': dst_port, **identity_of(sock), 'shutdown': 'none', **known,
    })


def bound(kind, cid=LOCAL_CID):
    sock = socket.socket(socket.AF_VSOCK, kind)
    sock.bind((cid, socket.VMADDR_PORT_ANY))
    return sock


def listener(kind, cid=LOCAL_CID):
    sock = bound(kind, cid)
    sock.listen(3)
    return sock


def client(kind, target):
    sock = socket.socket(socket.AF_VSOCK, kind)
    sock.connect((LOCAL_CID, target.getsockname()[1]))
    return sock


def pair(kind):
    with listener(kind) as target:
        near = client(kind, target)
        far, _ = target.accept()
    return near, far


def kinds(ledger=None):
    """The types that the kernel has: there is SOCK_SEQPACKET since 5.14."""
    for kind, name in TYPE_NAMES.items():
        if has_sockets(socket.AF_VSOCK, kind, 0):
            yield kind
        elif ledger is not None:
            ledger.lack(f'vsock {name}')


def idle(ledger):
    for kind in kinds(ledger):
        expect(ledger, 'unbound', socket.socket(socket.AF_VSOCK, kind), 'CLOSE')
        expect(ledger, 'bound', bound(kind), 'CLOSE')
        expect(ledger, 'listener', listener(kind), 'LISTEN')
        expect(ledger, 'listener of any context', listener(kind, socket.VMADDR_CID_ANY), 'LISTEN')


def connected(ledger):
    for kind in kinds():
        near, far = pair(kind)
        near.send(b'unread')
        expect(ledger, 'client', near, 'ESTABLISHED', near.getpeername())
        expect(ledger, 'server', far, 'ESTABLISHED', far.getpeername())


def shut(ledger):
    """The far end is not shut by it. But where both directions are shut, the near end is about to close, and
    the far end with it; newer kernels have it leave the tables at once.
    """
    for how, name, state in ((socket.SHUT_WR, 'send', 'ESTABLISHED'), (socket.SHUT_RD, 'rcv', 'ESTABLISHED'),
                             (socket.SHUT_RDWR, 'both', 'CLOSING')):
        near, far = pair(STREAM)
        near_peer, far_peer = near.getpeername(), far.getpeername()  # asked for now: ENOTCONN afterwards
        near.shutdown(how)
        expect(ledger, f'shut down: {name}', near, state, near_peer, shutdown=name)
        if how == socket.SHUT_RDWR and KERNEL < (5, 15):
            expect(ledger, 'its peer was shut down: both', far, 'CLOSING', far_peer)
        elif how == socket.SHUT_RDWR:
            ledger.hide('vsock', 'its peer was shut down: both, stream', far)
        else:
            expect(ledger, f'its peer was shut down: {name}', far, state, far_peer)


def unaccepted(ledger):
    """The server's end of a connection that waits to be accepted has no inode yet."""
    target = listener(STREAM)
    near = client(STREAM, target)
    expect(ledger, 'listener with a client', target, 'LISTEN')
    expect(ledger, 'client not yet accepted', near, 'ESTABLISHED', near.getpeername())
    src_cid, src_port = near.getpeername()
    _, dst_port = near.getsockname()  # its own context is still VMADDR_CID_ANY
    ledger.expect('vsock', 'not yet accepted, stream', {
        'type': 'stream', 'state': 'ESTABLISHED', 'srcCid': src_cid, 'srcPort': src_port, 'dstCid': LOCAL_CID,
        'dstPort': dst_port, 'inode': 0, 'shutdown': 'none',
    })


SOCKET = (socket.AF_VSOCK, STREAM, 0)
SCENES = [idle, connected, shut, unaccepted]
