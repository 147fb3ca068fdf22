"""What SCTP sockets tell of their endpoint and associations by socket options."""

import socket
import struct

from facts import LOOPBACK_INDEX, ask, family_name, identity_of, mark_of, uid_of

SCTP = socket.IPPROTO_SCTP
SCTP_NODELAY, SCTP_AUTOCLOSE, SCTP_ADAPTATION_LAYER, SCTP_DISABLE_FRAGMENTS = 3, 4, 7, 8
SCTP_I_WANT_MAPPED_V4_ADDR, SCTP_STATUS = 12, 14
SCTP_FRAGMENT_INTERLEAVE, SCTP_PARTIAL_DELIVERY_POINT = 18, 19
SCTP_GET_ASSOC_ID_LIST, SCTP_GET_ASSOC_STATS = 29, 112
SCTP_GET_PEER_ADDRS, SCTP_GET_LOCAL_ADDRS = 108, 109

# As SCTP_STATUS numbers them.
STATES = ['EMPTY', 'CLOSED', 'COOKIE_WAIT', 'COOKIE_ECHOED', 'ESTABLISHED', 'SHUTDOWN_PENDING',
          'SHUTDOWN_SENT', 'SHUTDOWN_RECEIVED', 'SHUTDOWN_ACK_SENT']
PATH_STATES = ['inactive', 'pf', 'active', 'unconfirmed']
STATUS = struct.Struct('=iiI4HI')
PATH = struct.Struct('=i128siIIII')
COUNTERS, COUNTERS_OFFSET = struct.Struct('=14Q'), 144
COUNTER_NAMES = ('isacks', 'osacks', 'opackets', 'ipackets', 'rtxchunks', 'outofseqtsns', 'idupchunks',
                 'gapcnt', 'ouodchunks', 'iuodchunks', 'oodchunks', 'iodchunks', 'octrlchunks', 'ictrlchunks')
ADDRESSES_SIZE, IDS_SIZE = 4096, 256
# The type of a socket as the kernel numbers it.
ONE_TO_MANY_TYPE, ONE_TO_ONE_TYPE = 0, 2


def encode_address(host, port):
    """struct sockaddr_in or sockaddr_in6; only the family is in the machine's byte order."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    rest = '!HI16sI' if family == socket.AF_INET6 else '!H4s8x'
    packed = socket.inet_pton(family, host)
    members = (port, 0, packed, 0) if family == socket.AF_INET6 else (port, packed)
    return struct.pack('=H', family) + struct.pack(rest, *members)


def decode_addresses(data, count=1):
    """struct sockaddr_in and sockaddr_in6, one close behind the other."""
    addresses = []
    for _ in range(count):
        family, = struct.unpack_from('=H', data)
        port, = struct.unpack_from('!H', data, 2)
        if family == socket.AF_INET6:
            packed, scope, size = data[8:24], {'scopeId': struct.unpack_from('=I', data, 24)[0]}, 28
        else:
            packed, scope, size = data[4:8], {}, 16
        address = socket.inet_ntop(family, packed)
        addresses.append({'family': family_name(family), 'addr': address, 'port': port, **scope})
        data = data[size:]
    return addresses


def addresses_of(sock, option, association):
    """`association` 0 asks for those of the endpoint."""
    answer = ask(sock, SCTP, option, ADDRESSES_SIZE, struct.pack('=iI', association, 0))
    count, = struct.unpack_from('=I', answer, 4)
    return decode_addresses(answer[8:], count)


def local_addresses(sock, association=0):
    return addresses_of(sock, SCTP_GET_LOCAL_ADDRS, association)


def peer_addresses(sock, association):
    return addresses_of(sock, SCTP_GET_PEER_ADDRS, association)


def associations_of(sock):
    """Their numbers. A one-to-one socket has one, or none that it would tell of."""
    if sock.type == socket.SOCK_STREAM:
        return struct.unpack_from('=i', ask(sock, SCTP, SCTP_STATUS, STATUS.size + PATH.size))
    answer = ask(sock, SCTP, SCTP_GET_ASSOC_ID_LIST, IDS_SIZE)
    count, = struct.unpack_from('=I', answer)
    return struct.unpack_from(f'={count}i', answer, 4)


def status_of(sock, association):
    """The part of struct sctp_info that SCTP_STATUS tells."""
    answer = ask(sock, SCTP, SCTP_STATUS, STATUS.size + PATH.size, struct.pack('=i', association))
    _, state, peer_rwnd, unackdata, penddata, instrms, outstrms, _ = STATUS.unpack_from(answer)
    _, address, path_state, cwnd, _, rto, _ = PATH.unpack_from(answer, STATUS.size)
    primary, = decode_addresses(address)
    return {'state': STATES[state], 'peerRwnd': peer_rwnd, 'unackdata': unackdata, 'penddata': penddata,
            'instrms': instrms, 'outstrms': outstrms, 'pAddress': primary, 'pState': PATH_STATES[path_state],
            'pCwnd': cwnd, 'pRto': rto}


def counters_of(sock, association):
    size = COUNTERS_OFFSET + COUNTERS.size
    answer = ask(sock, SCTP, SCTP_GET_ASSOC_STATS, size, struct.pack('=i', association))
    return dict(zip(COUNTER_NAMES, COUNTERS.unpack_from(answer, COUNTERS_OFFSET)))


def association_info(sock, association):
    return {**status_of(sock, association), **counters_of(sock, association)}


def endpoint_info(sock):
    """The members of struct sctp_info that are an endpoint's."""
    def number(option):
        return sock.getsockopt(SCTP, option)

    one_to_one = sock.type == socket.SOCK_STREAM
    return {
        'sAutoclose': 0 if one_to_one else number(SCTP_AUTOCLOSE),
        'sAdaptationInd': number(SCTP_ADAPTATION_LAYER),
        'sPdPoint': number(SCTP_PARTIAL_DELIVERY_POINT), 'sNodelay': number(SCTP_NODELAY) != 0,
        'sDisableFragments': number(SCTP_DISABLE_FRAGMENTS) != 0,
        'sV4mapped': number(SCTP_I_WANT_MAPPED_V4_ADDR) != 0,
        'sFragInterleave': number(SCTP_FRAGMENT_INTERLEAVE),
        'sType': ONE_TO_ONE_TYPE if one_to_one else ONE_TO_MANY_TYPE,
    }


def association_facts(sock, near, far, primary):
    """What is known of an association by its addresses. Its ends are the first near one and the primary far
    one; of IPv4 addresses of an IPv6 socket the kernel makes there what is neither.
    """
    ends = {'src': near[0]['addr'], 'dst': primary['addr']}
    if near[0]['family'] != family_name(sock.family):
        ends = {}
    return {
        'family': family_name(sock.family), **ends, 'sport': near[0]['port'], 'dport': primary['port'],
        **identity_of(sock), 'uid': uid_of(sock), 'ifindex': LOOPBACK_INDEX, 'mark': mark_of(sock),
        'shutdown': 'none', 'locals': near, 'peers': far,
    }
