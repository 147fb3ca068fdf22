"""As much of bpf(2) as maps of the type sk_storage want, whose values must have a type that BTF describes."""

import ctypes
import os
import platform
import struct

NUMBERS = {'x86_64': 321, 'aarch64': 280, 'riscv64': 280, 'ppc64le': 361, 's390x': 351}
MAP_CREATE, MAP_LOOKUP_ELEM, MAP_UPDATE_ELEM, OBJ_GET_INFO_BY_FD, BTF_LOAD = 0, 1, 2, 15, 18
MAP_TYPE_SK_STORAGE = 24
NO_PREALLOC = 1
KEY_SIZE = 4  # a descriptor

BTF_MAGIC = 0xeb9f
INT, ARRAY = 1 << 24, 3 << 24
SIGNED = 1 << 24
KEY_TYPE, VALUE_TYPE = 1, 3

libc = ctypes.CDLL(None, use_errno=True)


def address_of(buffer):
    return ctypes.addressof(buffer)


def bpf(command, attributes):
    number = NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(f'bpf(2) has no number here for {platform.machine()}')
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    outcome = libc.syscall(number, command, buffer, len(attributes))
    if outcome < 0:
        error = ctypes.get_errno()
        raise OSError(error, f'bpf(2): {os.strerror(error)}')
    return outcome


def load_btf(size):
    """Types 1 to 3: int, char, and an array of so many of these."""
    names = b'\0int\0char\0'
    types = struct.pack('=IIII', 1, INT, 4, SIGNED | 32)
    types += struct.pack('=IIII', 5, INT, 1, 8)
    types += struct.pack('=IIIIII', 0, ARRAY, 0, 2, KEY_TYPE, size)
    header = struct.pack('=HBBIIIII', BTF_MAGIC, 1, 0, 24, 0, len(types), len(types), len(names))
    blob = header + types + names
    buffer = ctypes.create_string_buffer(blob, len(blob))
    return bpf(BTF_LOAD, struct.pack('=QQII', address_of(buffer), 0, len(blob), 0))


class SkStorage:
    """A map of values of so many bytes."""

    def __init__(self, size):
        self.size = size
        btf = load_btf(size)
        attributes = struct.pack('=IIIIIII16sIIII', MAP_TYPE_SK_STORAGE, KEY_SIZE, size, 0, NO_PREALLOC, 0, 0,
                                 b'sockdiag', 0, btf, KEY_TYPE, VALUE_TYPE)
        self.descriptor = bpf(MAP_CREATE, attributes)
        os.close(btf)
        self.id = self._read_id()

    def _read_id(self):
        """bpf_map_info begins with type and id."""
        info = ctypes.create_string_buffer(8)
        bpf(OBJ_GET_INFO_BY_FD, struct.pack('=IIQ', self.descriptor, len(info), address_of(info)))
        return struct.unpack_from('=I', info, 4)[0]

    def keep(self, sock, value):
        self._element(MAP_UPDATE_ELEM, sock, ctypes.create_string_buffer(value, self.size))

    def kept(self, sock):
        value = ctypes.create_string_buffer(self.size)
        self._element(MAP_LOOKUP_ELEM, sock, value)
        return value.raw

    def _element(self, command, sock, value):
        key = ctypes.c_int(sock.fileno())
        bpf(command, struct.pack('=IIQQQ', self.descriptor, 0, address_of(key), address_of(value), 0))
