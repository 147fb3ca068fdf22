"""A host at the other end of the cable that does what no kernel would: it keeps silent, or answers by half.

It is a raw packet socket on d1. Nothing runs by itself: a scene in tcp_far.py says what is heard and what is
sent.
"""

import ctypes
import select
import socket
import struct
import time

import devices
from segments import ACK, FIN, PSH, RST, SYN, Segment, decode_frame, encode_frame

ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
REFUSE = (0x06, 0, 0, 0)  # ret #0, as a filter's only step
PATIENCE = 5.0  # seconds; the kernel answers within a millisecond
FIRST_SEQUENCE = 1000
SEGMENT_SIZE_OPTION = b'\x02\x04\x05\x78'  # 1400 bytes


def packed(text):
    """A v4-mapped address travels as IPv4."""
    if text.startswith('::ffff:'):
        text = text.removeprefix('::ffff:')
    return socket.inet_pton(socket.AF_INET6 if ':' in text else socket.AF_INET, text)


def link_address(text):
    return bytes.fromhex(text.replace(':', ''))


class FarHost:
    def __init__(self):
        self._cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._cable.bind((devices.FAR_DEVICE, ETH_P_ALL))
        self._ends = []

    def transmit(self, segment):
        source, target = link_address(devices.FAR_LINK), link_address(devices.NEAR_LINK)
        self._cable.send(encode_frame(segment, source, target))

    def hear(self, wanted):
        """Waits for a segment for which `wanted` holds; what comes before it is passed over."""
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._cable], [], [], left)[0]:
                segment = decode_frame(self._cable.recv(0x10000))
                if segment is not None and wanted(segment):
                    return segment
        raise TimeoutError('the far host waited in vain for a segment')

    def deafen(self):
        """Hears nothing from now on, so that its queue does not grow. Gives the socket that it heard with."""
        refuse = ctypes.create_string_buffer(struct.pack('=HBBI', *REFUSE))
        self._cable.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                               struct.pack('@HP', 1, ctypes.addressof(refuse)))
        return self._cable

    def end(self, near, near_port, far, far_port):
        end = FarEnd(self, packed(near), near_port, packed(far), far_port)
        self._ends.append(end)
        return end

    def reset_all(self):
        """Ends every connection: an orphan would keep the namespace in being long after the process."""
        for end in self._ends:
            end.reset()


class FarEnd:
    """The far host's part of one connection. `sent` and `heard` are either side's next sequence numbers."""

    def __init__(self, host, near, near_port, far, far_port):
        self._host = host
        self._near, self._near_port = near, near_port
        self._far, self._far_port = far, far_port
        self.sent = FIRST_SEQUENCE
        self.heard = 0
        self.window = 0xffff
        self.traffic_class = 0

    def send(self, flags, payload=b'', options=b''):
        segment = Segment(self._far, self._near, self._far_port, self._near_port, self.sent, self.heard,
                          flags, self.window, options, payload, self.traffic_class)
        self._host.transmit(segment)
        self.sent = segment.next_sequence

    def hear(self, flags):
        """The next segment of this connection that has all these flags."""
        return self._host.hear(lambda segment: segment.source == self._near and segment.target == self._far
                               and segment.source_port == self._near_port
                               and segment.target_port == self._far_port and segment.flags & flags == flags)

    def accept(self):
        """Answers the SYN of a socket that connects; afterwards both sides are ESTABLISHED."""
        self.heard = self.hear(SYN).next_sequence
        self.send(SYN | ACK, options=SEGMENT_SIZE_OPTION)
        self.hear(ACK)

    def knock(self):
        """Sends a SYN to a listener, whose answer stays unacknowledged."""
        self.send(SYN, options=SEGMENT_SIZE_OPTION)
        self.heard = self.hear(SYN | ACK).next_sequence

    def hear_ack(self):
        """Waits until this host has taken what was sent last."""
        self.hear(ACK)

    def finish(self):
        """Sends a FIN that acknowledges no more than was acknowledged before."""
        self.send(FIN | ACK)

    def acknowledge_fin(self):
        self.heard = self.hear(FIN).next_sequence
        self.repeat()

    def repeat(self):
        """A bare ACK. To a socket in TIME_WAIT it means that the last was lost: its minute begins anew."""
        self.send(ACK)

    def say(self, payload):
        self.send(PSH | ACK, payload)

    def reset(self):
        self.send(RST | ACK)
