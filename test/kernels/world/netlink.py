"""Netlink sockets, in the scenes of the other world that fit into what the kernel tells at once: it loses one
where it tells more.
"""

import socket

import link
import netlink_sockets as other


def made(ledger):
    scenes = [other.protocols, other.ports, other.groups, other.without_port, other.connected, other.flags]
    link.play(ledger, 'netlink', scenes, other.Scenery)


SOCKET = (socket.AF_NETLINK, socket.SOCK_RAW, 0)
SCENES = [made]
