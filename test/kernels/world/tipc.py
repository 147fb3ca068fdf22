"""TIPC sockets of one node that talk to each other."""

import os
import select
import socket
import struct

from devices import run
from facts import ask, identity_of, uid_of
from streams import GREETING, PATIENCE

NODE_ADDRESS = '1.1.9'
SOL_TIPC, TIPC_GROUP_JOIN, TIPC_SOCK_RECVQ_DEPTH = 271, 135, 132
TIPC_GROUP_LOOPBACK, TIPC_GROUP_MEMBER_EVTS = 1, 2
NODE_SCOPE, CLUSTER_SCOPE = socket.TIPC_NODE_SCOPE, socket.TIPC_CLUSTER_SCOPE
STREAM, DGRAM, RDM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RDM, socket.SOCK_SEQPACKET
TYPE_NAMES = {STREAM: 'stream', DGRAM: 'dgram', RDM: 'rdm', SEQPACKET: 'seqpacket'}
RANGE_TYPE, SERVICE_TYPE, GROUP_TYPE = 18888, 20000, 30000
INSTANCE = 17
OTHER_UID = 4711


def new(kind):
    return socket.socket(socket.AF_TIPC, kind)


def identity(address):
    """(node, port) of the address that a socket itself has."""
    _, node, port, *_ = address
    return node, port


def unread(sock):
    return struct.unpack('=I', ask(sock, SOL_TIPC, TIPC_SOCK_RECVQ_DEPTH, 4))[0]


def expect(ledger, label, sock, state, bound=False, **known):
    ledger.keep(sock)
    node, port = identity(sock.getsockname())
    ledger.expect('tipc', f'{label}, {TYPE_NAMES[sock.type]}', {
        'type': TYPE_NAMES[sock.type], 'state': state, 'addr': node, 'ref': port, **identity_of(sock),
        'uid': uid_of(sock), 'hasPubl': bound, 'stat': lambda: {'rcvq': unread(sock)}, **known,
    })


def published(kind, service, lower, upper, scope=NODE_SCOPE):
    sock = new(kind)
    sock.bind((socket.TIPC_ADDR_NAMESEQ, service, lower, upper, scope))
    return sock


def settings(_):
    """Without an address of its own the node would be 0 everywhere. It can be set once."""
    with new(RDM) as sock:
        node, _ = identity(sock.getsockname())
    if node == 0:
        run(['tipc', 'node', 'set', 'address', NODE_ADDRESS])


def idle(ledger):
    for kind in TYPE_NAMES:
        expect(ledger, 'unbound', new(kind), 'OPEN')
    for index, kind in enumerate((RDM, DGRAM)):
        expect(ledger, 'bound', published(kind, RANGE_TYPE + index, 100, 200), 'OPEN', bound=True)
    owned = published(RDM, RANGE_TYPE + 2, 5, 5, CLUSTER_SCOPE)
    os.fchown(owned.fileno(), OTHER_UID, -1)
    expect(ledger, 'bound, of another user', owned, 'OPEN', bound=True)


def queued(ledger):
    sock = published(RDM, RANGE_TYPE + 3, 1, 1)
    with new(RDM) as sender:
        for _ in range(3):
            sender.sendto(GREETING, (socket.TIPC_ADDR_NAME, RANGE_TYPE + 3, 1, 0))
    expect(ledger, 'unread messages', sock, 'OPEN', bound=True)


def introduce(near, target, name):
    """Connects by a name, and gives the server's end. connect() waits until it is accepted."""
    near.setblocking(False)
    near.connect_ex(name)
    target.settimeout(PATIENCE)
    far, _ = target.accept()
    target.settimeout(None)
    if not select.select([], [near], [], PATIENCE)[1]:
        raise TimeoutError(f'no connection to TIPC name {name}')
    near.setblocking(True)
    return far


def connected(ledger):
    """Both ends know the name by which the one was reached."""
    for index, kind in enumerate((STREAM, SEQPACKET)):
        service = SERVICE_TYPE + index
        target = published(kind, service, INSTANCE, INSTANCE)
        target.listen()
        near = new(kind)
        far = introduce(near, target, (socket.TIPC_ADDR_NAME, service, INSTANCE, 0))
        near.send(GREETING)
        (near_node, near_port), (far_node, far_port) = (identity(end.getsockname()) for end in (near, far))
        expect(ledger, 'listener', target, 'LISTEN', bound=True)
        name = {'type': service, 'inst': INSTANCE}
        expect(ledger, 'client', near, 'ESTABLISHED', con={'node': far_node, 'sock': far_port, **name})
        expect(ledger, 'server', far, 'ESTABLISHED', con={'node': near_node, 'sock': near_port, **name})


def groups(ledger):
    for instance, kind, scope, flags in ((1, RDM, NODE_SCOPE, TIPC_GROUP_LOOPBACK),
                                         (2, RDM, NODE_SCOPE, TIPC_GROUP_MEMBER_EVTS),
                                         (3, DGRAM, CLUSTER_SCOPE, 0)):
        sock = new(kind)
        sock.setsockopt(SOL_TIPC, TIPC_GROUP_JOIN, struct.pack('=4I', GROUP_TYPE, instance, scope, flags))
        expect(ledger, f'member {instance} of a group', sock, 'OPEN', bound=True, group={
            'id': GROUP_TYPE, 'instance': instance, 'nodeScope': scope == NODE_SCOPE,
            'clusterScope': scope == CLUSTER_SCOPE,
        })


SOCKET = (socket.AF_TIPC, STREAM, 0)
SCENES = [settings, idle, queued, connected, groups]
