"""SCTP endpoints and their associations. The records of both have the socket's cookie and inode."""

import socket
import struct

from devices import set_sysctl
from facts import inet_facts, memory_of
from sctp_facts import (SCTP, SCTP_ADAPTATION_LAYER, SCTP_AUTOCLOSE, SCTP_DISABLE_FRAGMENTS,
                        SCTP_FRAGMENT_INTERLEAVE, SCTP_I_WANT_MAPPED_V4_ADDR, SCTP_NODELAY,
                        SCTP_PARTIAL_DELIVERY_POINT, association_facts, association_info, associations_of,
                        encode_address, endpoint_info, local_addresses, peer_addresses, status_of)
from streams import BACKLOG, IPV4, IPV6, PLACES, Place, Transport, bound, client, greet, listener, pair

ONE_TO_ONE = Transport(socket.SOCK_STREAM, SCTP)
ONE_TO_MANY = Transport(socket.SOCK_SEQPACKET, SCTP)
V4_MAPPED = Place('v4-mapped', socket.AF_INET6, '::ffff:127.0.0.1')

SCTP_INITMSG, SCTP_SOCKOPT_BINDX_ADD = 2, 100
STREAMS_OUT, STREAMS_IN = 3, 7
OTHER_ADDRESSES = ['127.0.0.2', '127.0.0.3']
MESSAGE = b's' * 500
MARK = 0x73

# Times are milliseconds. A new path is tried after the first timeout, which is 3 s by default; no heartbeat
# may count while a test looks; and who waits for a peer that does not read must not give up.
SETTINGS = {'sctp/rto_min': 100, 'sctp/rto_initial': 100, 'sctp/hb_interval': 86400000,
            'sctp/association_max_retrans': 1000000}


def settings(_):
    for name, value in SETTINGS.items():
        set_sysctl(name, value)


def expect_endpoint(ledger, label, sock, state, **known):
    ledger.keep(sock)
    ledger.expect('sctp', label, {
        **inet_facts(sock, state), 'locals': local_addresses(sock), 'info': endpoint_info(sock), **known,
    }, association=False)


def expect_association(ledger, label, sock, association, **known):
    near, far = local_addresses(sock, association), peer_addresses(sock, association)
    primary = status_of(sock, association)['pAddress']
    ledger.expect('sctp', label, {
        **association_facts(sock, near, far, primary), 'state': lambda: status_of(sock, association)['state'],
        'info': lambda: association_info(sock, association), **known,
    }, association=True)


def expect_both(ledger, label, sock, state='ESTABLISHED', **known):
    """The endpoint and its only association, of which `known` are further fields."""
    association, = associations_of(sock)
    primary = status_of(sock, association)['pAddress']
    # getpeername() of a one-to-many socket fails.
    peer = {'dst': primary['addr'], 'dport': primary['port']} if sock.type == ONE_TO_MANY.type else {}
    expect_endpoint(ledger, f'endpoint, {label}', sock, state, **peer)
    expect_association(ledger, f'association, {label}', sock, association, **known)


def listeners(ledger):
    """An endpoint that neither listens nor has an association is in no table."""
    for place in PLACES:
        expect_endpoint(ledger, f'listener, {place.label}', listener(ONE_TO_ONE, place), 'LISTEN', rqueue=0,
                        wqueue=BACKLOG)
        ledger.hide('sctp', f'bound, {place.label}', bound(ONE_TO_ONE, place))


def with_options(ledger):
    sock = listener(ONE_TO_MANY, IPV4)
    for option, value in ((SCTP_NODELAY, 1), (SCTP_AUTOCLOSE, 3600), (SCTP_ADAPTATION_LAYER, 0x53435450),
                          (SCTP_DISABLE_FRAGMENTS, 1), (SCTP_I_WANT_MAPPED_V4_ADDR, 0),
                          (SCTP_FRAGMENT_INTERLEAVE, 1), (SCTP_PARTIAL_DELIVERY_POINT, 4321)):
        sock.setsockopt(SCTP, option, value)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    expect_endpoint(ledger, 'one-to-many listener with options', sock, 'LISTEN')


def ask_for_streams(sock):
    sock.setsockopt(SCTP, SCTP_INITMSG, struct.pack('=4H', STREAMS_OUT, STREAMS_IN, 0, 0))


def connected(ledger):
    for place in PLACES:
        near, far = pair(ONE_TO_ONE, place, ask_for_streams)
        greet(near, far)
        expect_both(ledger, f'client, {place.label}', near)
        expect_both(ledger, f'server, {place.label}', far)


def unread(ledger):
    for place in PLACES:
        near, far = pair(ONE_TO_ONE, place)
        for _ in range(3):
            near.send(MESSAGE)
        expect_both(ledger, f'sender, {place.label}', near, rqueue=0)
        expect_both(ledger, f'unread messages, {place.label}', far, nonzero='rqueue',
                    rqueue=lambda sock=far: memory_of(sock)['rmemAlloc'])


def unaccepted(ledger):
    """Until it is accepted, an association is the listener's, which answers no question about it."""
    target = listener(ONE_TO_ONE, IPV4)
    near = client(ONE_TO_ONE, IPV4, target)
    expect_both(ledger, 'client not yet accepted', near)
    expect_endpoint(ledger, 'endpoint, listener with a client', target, 'LISTEN', rqueue=1, wqueue=BACKLOG)
    association, = associations_of(near)
    near_ones, far_ones = peer_addresses(near, association), local_addresses(near, association)
    ledger.expect('sctp', 'association, not yet accepted', {
        **association_facts(target, near_ones, far_ones, far_ones[0]), 'state': 'ESTABLISHED',
    }, association=True)


def one_to_many(ledger):
    for place in PLACES:
        server = listener(ONE_TO_MANY, place)
        one, many = client(ONE_TO_ONE, place, server), client(ONE_TO_MANY, place, server)
        expect_both(ledger, f'one-to-one client of one-to-many, {place.label}', one)
        expect_both(ledger, f'one-to-many client of one-to-many, {place.label}', many, 'CLOSE')
        label = f'one-to-many server, {place.label}'
        expect_endpoint(ledger, f'endpoint, {label}', server, 'LISTEN')
        for association in associations_of(server):
            expect_association(ledger, f'association, {label}', server, association)


def shutting_down(ledger):
    """What the peer does not read keeps the association from shutting down. The probes of its window go on,
    so that the counters do not come to rest.
    """
    near, far = pair(ONE_TO_ONE, IPV4)
    near.setblocking(False)
    try:
        while True:
            near.send(MESSAGE)
    except BlockingIOError:
        near.shutdown(socket.SHUT_WR)
    association, = associations_of(near)
    expect_endpoint(ledger, 'endpoint, shutting down', near, 'CLOSE_WAIT', shutdown='send')
    expect_association(ledger, 'association, shutting down', near, association, nonzero='wqueue',
                       shutdown='send', info={'state': 'SHUTDOWN_PENDING'})
    expect_both(ledger, 'peer of one shutting down', far, nonzero='rqueue', info={'state': 'ESTABLISHED'})


def plain_addresses(sock):
    """So that the socket tells IPv4 addresses as the kernel keeps them."""
    sock.setsockopt(SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, 0)


def mapped(ledger):
    """IPv6 sockets of IPv4 addresses."""
    near, far = pair(ONE_TO_ONE, V4_MAPPED)
    greet(near, far)
    for label, sock in (('client', near), ('server', far)):
        ends = inet_facts(sock, 'ESTABLISHED')
        plain_addresses(sock)
        expect_endpoint(ledger, f'endpoint, {label}, v4-mapped', sock, 'ESTABLISHED', src=ends['src'],
                        dst=ends['dst'])
        expect_association(ledger, f'association, {label}, v4-mapped', sock, *associations_of(sock))


def add_addresses(sock, hosts):
    """sctp_bindx(), with the port that the socket has already."""
    port = sock.getsockname()[1]
    sock.setsockopt(SCTP, SCTP_SOCKOPT_BINDX_ADD, b''.join(encode_address(host, port) for host in hosts))


def multi_homed(ledger):
    """The IPv6 sockets have an IPv4 address beside."""
    for place, hosts in ((IPV4, OTHER_ADDRESSES), (IPV6, OTHER_ADDRESSES[:1])):
        target, near = (bound(ONE_TO_ONE, place, plain_addresses) for _ in range(2))
        add_addresses(target, hosts)
        add_addresses(near, hosts)
        target.listen(BACKLOG)
        near.connect((place.host, target.getsockname()[1]))
        far, _ = target.accept()
        greet(near, far)
        expect_endpoint(ledger, f'listener of several addresses, {place.label}', target, 'LISTEN')
        expect_both(ledger, f'client of several addresses, {place.label}', near)
        expect_both(ledger, f'server of several addresses, {place.label}', far)


SOCKET = (socket.AF_INET, *ONE_TO_ONE)
SCENES = [settings, listeners, with_options, connected, unread, unaccepted, one_to_many, shutting_down,
          mapped, multi_homed]
