"""UDP-Lite sockets, which differ from UDP's by nothing but the protocol. They left the kernel in 7.1."""

import socket

import udp

SOCKET = (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE)
SCENES = udp.scenes('udplite', socket.IPPROTO_UDPLITE)
