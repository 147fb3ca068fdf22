"""What can be learnt of a socket by other ways than sock_diag: getsockopt(2), getsockname(2), fstat(2)."""

import ctypes
import errno
import os
import socket
import struct

# Python has no names for these.
SO_MEMINFO, SO_COOKIE, SO_BINDTOIFINDEX = 55, 57, 62
LOOPBACK_INDEX = 1
NO_SUCH_SOCKETS = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT)

# Where kernels differ in what the system calls do not tell.
KERNEL = tuple(int(number) for number in os.uname().release.split('.')[:2])

LIBC = ctypes.CDLL(None, use_errno=True)


def has_sockets(family, kind, protocol):
    """Whether the kernel makes sockets such as these."""
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        if error.errno in NO_SUCH_SOCKETS:
            return False
        raise
    return True


def ask(sock, level, option, size, question=b''):
    """getsockopt() for any family, and with a question in the buffer; Python's own has neither. Gives the
    whole buffer, for some options of SCTP tell less than the length of their answer.
    """
    buffer = ctypes.create_string_buffer(question, size)
    length = ctypes.c_uint32(size)
    if LIBC.getsockopt(sock.fileno(), level, option, buffer, ctypes.byref(length)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f'getsockopt({level}, {option}): {os.strerror(code)}')
    return buffer.raw


def ends_of(sock):
    """The addresses of both ends as the system calls give them, in hexadecimal; None where they fail."""
    def call(function):
        buffer = ctypes.create_string_buffer(128)
        length = ctypes.c_uint32(128)
        failed = function(sock.fileno(), buffer, ctypes.byref(length)) != 0
        return None if failed else buffer.raw[:length.value].hex()
    return {'name': call(LIBC.getsockname), 'peer': call(LIBC.getpeername)}


def cookie_of(sock):
    value, = struct.unpack('=Q', ask(sock, socket.SOL_SOCKET, SO_COOKIE, 8))
    return format(value, 'x')


def inode_of(sock):
    """sock_diag has 32 bits for an inode."""
    return os.fstat(sock.fileno()).st_ino & 0xffffffff


def uid_of(sock):
    return os.fstat(sock.fileno()).st_uid


def identity_of(sock):
    return {'cookie': cookie_of(sock), 'inode': inode_of(sock)}


def memory_of(sock):
    """The part of SK_MEMINFO that stays as it is while nobody sends or receives."""
    words = struct.unpack('=9I', ask(sock, socket.SOL_SOCKET, SO_MEMINFO, 36))
    return {'rmemAlloc': words[0], 'rcvbuf': words[1], 'wmemAlloc': words[2], 'sndbuf': words[3],
            'drops': words[8]}


def mark_of(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_MARK)


def family_name(family):
    return 'inet6' if family == socket.AF_INET6 else 'inet'


def endpoint(address):
    """(text, port) of an IP socket address; the text is RFC 5952 and has no scope."""
    text, port = address[0].partition('%')[0], address[1]
    family = socket.AF_INET6 if ':' in text else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, text)), port


def far_end(sock):
    """The peer's address, or what a socket without one shows."""
    try:
        return sock.getpeername()
    except OSError:
        return ('::', 0) if sock.family == socket.AF_INET6 else ('0.0.0.0', 0)


def tuple_of(sock):
    """Both ends of an IP socket."""
    src, sport = endpoint(sock.getsockname())
    dst, dport = endpoint(far_end(sock))
    return {'src': src, 'sport': sport, 'dst': dst, 'dport': dport}


def inet_facts(sock, state):
    """What every record of an IP socket with a descriptor says."""
    known = {
        'family': family_name(sock.family), 'state': state, **tuple_of(sock), **identity_of(sock),
        'uid': uid_of(sock), 'ifindex': sock.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX),
        'mark': mark_of(sock), 'shutdown': 'none',
    }
    if sock.family == socket.AF_INET6 and state in ('LISTEN', 'CLOSE'):
        known['skv6only'] = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) != 0
    return known
