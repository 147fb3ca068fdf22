"""Runs a program for which seccomp forbids sockets of NETLINK_SOCK_DIAG, as a sandbox may: forbidding.py ERRNO PROGRAM..."""
import ctypes
import os
import platform
import struct
import sys

AF_NETLINK, NETLINK_SOCK_DIAG = 16, 4
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER, RET_ERRNO, RET_ALLOW = 2, 0x00050000, 0x7FFF0000
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
# Of struct seccomp_data; of a number the lower half comes first.
NUMBER, FIRST, THIRD = 0, 16, 32

socket_number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
program = [
    (LOAD, 0, 0, NUMBER),
    (JUMP_IF_EQUAL, 0, 5, socket_number),
    (LOAD, 0, 0, FIRST),
    (JUMP_IF_EQUAL, 0, 3, AF_NETLINK),
    (LOAD, 0, 0, THIRD),
    (JUMP_IF_EQUAL, 0, 1, NETLINK_SOCK_DIAG),
    (RETURN, 0, 0, RET_ERRNO | int(sys.argv[1])),
    (RETURN, 0, 0, RET_ALLOW),
]
instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
filter_program = Program(len(program), ctypes.addressof(instructions))
for words in [(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_program), 0, 0)]:
    if libc.prctl(*words) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
os.execv(sys.argv[2], sys.argv[2:])
