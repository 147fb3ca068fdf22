"""A network namespace with nothing in it, in which a test makes what sockets it likes.

    unshare --net python3 stage.py

reads lines of JSON from its input, each a piece of Python, runs them one after the other in one scope, and answers
each with a line of JSON: what it left in `result`, or its complaint. It ends with its input.
"""

import json
import os
import socket
import subprocess
import sys
import traceback

SO_COOKIE = 57


def cookie(sock):
    """As a record has it. To ask for it makes the kernel give one."""
    return '%x' % int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder)


def inode(sock):
    return os.fstat(sock.fileno()).st_ino


def listener(host, port=0, *options, backlog=16):
    """A TCP server; each option is (level, name, value)."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    for option in options:
        sock.setsockopt(*option)
    sock.bind((host, port))
    sock.listen(backlog)
    return sock


def connection(server, host):
    """Both ends of a TCP connection: the client's, and the server's."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    client = socket.socket(family, socket.SOCK_STREAM)
    client.connect((host, server.getsockname()[1]))
    accepted, _ = server.accept()
    return client, accepted


def datagram(host, port=0, peer=None, *options):
    """A UDP socket, connected if it has a peer."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    for option in options:
        sock.setsockopt(*option)
    sock.bind((host, port))
    if peer is not None:
        sock.connect(peer)
    return sock


def told(sock):
    """What there is to compare a record with."""
    name = sock.getsockname()
    try:
        peer = sock.getpeername()
    except OSError:
        peer = None
    return {
        'src': name[0],
        'sport': name[1],
        'dst': peer and peer[0],
        'dport': peer[1] if peer else 0,
        'cookie': cookie(sock),
        'inode': inode(sock),
    }


def main():
    with open('/proc/sys/net/ipv6/conf/lo/disable_ipv6', 'w', encoding='ascii') as disabled:
        disabled.write('0')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    scope = dict(globals())
    print(json.dumps({'result': os.getpid()}), flush=True)
    for line in sys.stdin:
        scope['result'] = None
        try:
            exec(json.loads(line), scope)
            answer = {'result': scope['result']}
        except Exception:
            answer = {'complaint': traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
