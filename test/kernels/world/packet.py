"""Packet sockets, in scenes of the other world."""

import socket
from typing import NamedTuple

import devices
import link
import packet_sockets as other
from facts import uid_of


class Device(NamedTuple):
    name: str
    index: int


class Devices:
    near = Device(devices.NEAR_DEVICE, devices.NEAR_INDEX)
    far = Device(devices.FAR_DEVICE, devices.FAR_INDEX)
    passing = Device(devices.PASSING_DEVICE, devices.PASSING_INDEX)

    def __init__(self):
        devices.add_passing()

    def end_passing(self):
        devices.remove_passing()


def made(ledger):
    scenes = [other.types, other.flags, other.numbers, other.rings, other.fanouts, other.filters,
              other.memberships, other.of_another_user, other.of_a_device_that_is_gone]
    link.play(ledger, 'packet', scenes, lambda keeper: other.Scenery(keeper, Devices()),
              lambda sock: {'uid': uid_of(sock)})


SOCKET = (socket.AF_PACKET, socket.SOCK_RAW, 0)
SCENES = [made]
