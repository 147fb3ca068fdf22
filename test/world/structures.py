"""The structures that getsockopt() gives, as ctypes lays them out: member by member, by the rules of C."""

import ctypes
from ctypes import c_uint8 as u8, c_uint16 as u16, c_uint32 as u32, c_uint64 as u64


def members(prefix, *groups):
    """(name, type) of each; a third part is the width of a bit-field."""
    return [(prefix + name, kind) for kind, names in groups for name in names.split()]


class TcpInfo(ctypes.Structure):
    _fields_ = [
        *members('tcpi_', (u8, 'state ca_state retransmits probes backoff options')),
        ('tcpi_snd_wscale', u8, 4),
        ('tcpi_rcv_wscale', u8, 4),
        ('tcpi_delivery_rate_app_limited', u8, 1),
        ('tcpi_fastopen_client_fail', u8, 2),
        *members(
            'tcpi_',
            (u32, 'rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent '
                  'last_data_recv last_ack_recv pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss '
                  'reordering rcv_rtt rcv_space total_retrans'),
            (u64, 'pacing_rate max_pacing_rate bytes_acked bytes_received'),
            (u32, 'segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out'),
            (u64, 'delivery_rate busy_time rwnd_limited sndbuf_limited'),
            (u32, 'delivered delivered_ce'),
            (u64, 'bytes_sent bytes_retrans'),
            (u32, 'dsack_dups reord_seen rcv_ooopack snd_wnd rcv_wnd rehash'),
            (u16, 'total_rto total_rto_recoveries'),
            (u32, 'total_rto_time received_ce delivered_e1_bytes delivered_e0_bytes delivered_ce_bytes '
                  'received_e1_bytes received_e0_bytes received_ce_bytes'),
            # Of Linux 6.18 two numbers, of 7.0 three.
            (u32, 'accecn'),
        ),
    ]


class BbrInfo(ctypes.Structure):
    _fields_ = members('bbr_', (u32, 'bw_lo bw_hi min_rtt pacing_gain cwnd_gain'))


class MptcpInfo(ctypes.Structure):
    _fields_ = members(
        'mptcpi_',
        (u8, 'subflows add_addr_signal add_addr_accepted subflows_max add_addr_signal_max '
             'add_addr_accepted_max'),
        (u32, 'flags token'),
        (u64, 'write_seq snd_una rcv_nxt'),
        (u8, 'local_addr_used local_addr_max csum_enabled'),
        (u32, 'retransmits'),
        (u64, 'bytes_retrans bytes_sent bytes_received bytes_acked'),
        (u8, 'subflows_total endp_laminar_max endp_fullmesh_max'),
        (u32, 'last_data_sent last_data_recv last_ack_recv'),
    )


class SubflowData(ctypes.Structure):
    """What stands before an array of structures, one for each subflow."""
    _fields_ = members('', (u32, 'size_subflow_data num_subflows size_kernel size_user'))


def unpack(structure, content):
    """The members by name; those that are not wholly there are left out. Numbers of 64 bits are texts."""
    size = ctypes.sizeof(structure)
    filled = structure.from_buffer_copy(content[:size].ljust(size, b'\0'))
    found = {}
    for name, kind, *_ in structure._fields_:
        offset = getattr(structure, name).offset
        if offset + ctypes.sizeof(kind) <= len(content):
            value = getattr(filled, name)
            found[name] = str(value) if kind is u64 else value
    return found
