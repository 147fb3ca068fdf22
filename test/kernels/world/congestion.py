"""TCP connections of several congestion control algorithms, which tell of themselves."""

import socket
import struct

from facts import ask
from streams import PLACES, TCP, greet, pair

TCP_CC_INFO = 26


def vegas_info(data):
    enabled, rttcnt, rtt, minrtt = struct.unpack('=4I', data)
    return {'enabled': enabled != 0, 'rttcnt': rttcnt, 'rtt': rtt, 'minrtt': minrtt}


def dctcp_info(data):
    enabled, ce_state, alpha, ab_ecn, ab_tot = struct.unpack('=2H3I', data)
    return {'enabled': enabled != 0, 'ceState': ce_state, 'alpha': alpha, 'abEcn': ab_ecn, 'abTot': ab_tot}


def bbr_info(data):
    bandwidth, min_rtt, pacing_gain, cwnd_gain = struct.unpack('=Q3I', data)
    return {'bw': bandwidth, 'minRtt': min_rtt, 'pacingGain': pacing_gain, 'cwndGain': cwnd_gain}


# (Property of a record, bytes, reader) of each algorithm.
ALGORITHMS = {
    'vegas': ('vegasinfo', 16, vegas_info),
    'dctcp': ('dctcpinfo', 16, dctcp_info),
    'bbr': ('bbrinfo', 20, bbr_info),
}

# The members of struct tcp_info that stay as they are on a silent connection: {name: (format, offset)}.
TCP_INFO_MEMBERS = {
    'rto': ('I', 8), 'sndMss': ('I', 16), 'rcvMss': ('I', 20), 'unacked': ('I', 24), 'lost': ('I', 32),
    'pmtu': ('I', 60), 'rtt': ('I', 68), 'rttvar': ('I', 72), 'sndCwnd': ('I', 80), 'advmss': ('I', 84),
    'totalRetrans': ('I', 100), 'bytesAcked': ('Q', 120), 'bytesReceived': ('Q', 128), 'segsOut': ('I', 136),
    'segsIn': ('I', 140), 'minRtt': ('I', 148), 'dataSegsIn': ('I', 152), 'dataSegsOut': ('I', 156),
    'delivered': ('I', 192), 'bytesSent': ('Q', 200), 'sndWnd': ('I', 228),
}
WSCALE_OFFSET = 6


def tcp_info_of(sock):
    data = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    info = {name: struct.unpack_from(f'={form}', data, offset)[0]
            for name, (form, offset) in TCP_INFO_MEMBERS.items() if offset + 8 <= len(data)}
    return {**info, 'sndWscale': data[WSCALE_OFFSET] & 15, 'rcvWscale': data[WSCALE_OFFSET] >> 4}


def expect(ledger, label, sock, algorithm):
    name, size, read = ALGORITHMS[algorithm]
    own = {name: lambda: read(ask(sock, socket.IPPROTO_TCP, TCP_CC_INFO, size))}
    ledger.expect_inet('tcp', label, sock, 'ESTABLISHED', cong=algorithm, present=[name],
                       info=lambda: tcp_info_of(sock), **own)


def choose(sock, algorithm):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, algorithm.encode())


def has(algorithm):
    with socket.socket(socket.AF_INET, *TCP) as sock:
        try:
            choose(sock, algorithm)
        except FileNotFoundError:
            return False
    return True


def connected(ledger, algorithm):
    for place in PLACES:
        near, far = pair(TCP, place, lambda sock: choose(sock, algorithm))
        greet(near, far)
        expect(ledger, f'{algorithm}, client, {place.label}', near, algorithm)
        expect(ledger, f'{algorithm}, server, {place.label}', far, algorithm)


def play(ledger):
    for algorithm in ALGORITHMS:
        if has(algorithm):
            connected(ledger, algorithm)
        else:
            ledger.lack(algorithm)


SOCKET = (socket.AF_INET, *TCP)
SCENES = [play]
