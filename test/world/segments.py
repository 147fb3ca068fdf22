"""TCP segments in Ethernet frames, to and from bytes: as much of the protocols as the far host speaks."""

import socket
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, ECE, CWR = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40, 0x80
IPV4_TYPE, IPV6_TYPE = 0x0800, 0x86dd
ETHERNET_HEADER = 14
IPV6_HEADER = 40
HOP_LIMIT = 64


class Segment(NamedTuple):
    """Addresses are packed: 4 bytes, or 16."""
    source: bytes
    target: bytes
    source_port: int
    target_port: int
    sequence: int
    acknowledgement: int
    flags: int
    window: int = 0xffff
    options: bytes = b''
    payload: bytes = b''
    traffic_class: int = 0

    @property
    def next_sequence(self):
        """What acknowledges it: SYN and FIN count as one byte each."""
        marks = bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.sequence + len(self.payload) + marks) & 0xffffffff


def checksum(content):
    if len(content) % 2:
        content += b'\0'
    total = sum(struct.unpack(f'!{len(content) // 2}H', content))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def encode_tcp(segment):
    offset = (20 + len(segment.options)) // 4
    header = struct.pack('!HHIIBBHHH', segment.source_port, segment.target_port, segment.sequence,
                         segment.acknowledgement, offset << 4, segment.flags, segment.window, 0, 0)
    body = header + segment.options + segment.payload
    pseudo = segment.source + segment.target + struct.pack('!II', len(body), socket.IPPROTO_TCP)
    return body[:16] + struct.pack('!H', checksum(pseudo + body)) + body[18:]


def encode_ipv4(segment, body):
    header = struct.pack('!BBHHHBBH', 0x45, segment.traffic_class, 20 + len(body), 0, 0x4000, HOP_LIMIT,
                         socket.IPPROTO_TCP, 0)
    header += segment.source + segment.target
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + body


def encode_ipv6(segment, body):
    first = 6 << 28 | segment.traffic_class << 20
    header = struct.pack('!IHBB', first, len(body), socket.IPPROTO_TCP, HOP_LIMIT)
    return header + segment.source + segment.target + body


def encode_frame(segment, source_link, target_link):
    body = encode_tcp(segment)
    if len(segment.source) == 4:
        kind, packet = IPV4_TYPE, encode_ipv4(segment, body)
    else:
        kind, packet = IPV6_TYPE, encode_ipv6(segment, body)
    return target_link + source_link + struct.pack('!H', kind) + packet


def decode_tcp(source, target, body):
    ports_to_window = struct.unpack_from('!HHIIBBH', body)
    source_port, target_port, sequence, acknowledgement, offset, flags, window = ports_to_window
    header = offset >> 4 << 2
    return Segment(source, target, source_port, target_port, sequence, acknowledgement, flags, window,
                   body[20:header], body[header:])


def decode_frame(frame):
    """The segment in a frame; None if it holds something else (neighbour and multicast chatter)."""
    kind, = struct.unpack_from('!H', frame, 12)
    packet = frame[ETHERNET_HEADER:]
    if kind == IPV4_TYPE and packet[9] == socket.IPPROTO_TCP:
        length, = struct.unpack_from('!H', packet, 2)
        return decode_tcp(packet[12:16], packet[16:20], packet[(packet[0] & 0xf) * 4:length])
    if kind == IPV6_TYPE and packet[6] == socket.IPPROTO_TCP:
        length, = struct.unpack_from('!H', packet, 4)
        return decode_tcp(packet[8:24], packet[24:40], packet[IPV6_HEADER:IPV6_HEADER + length])
    return None
