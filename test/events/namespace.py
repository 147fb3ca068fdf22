"""Opens and closes sockets in the network namespace that it is in, as lines of JSON on its input ask for.

Answers each line with what it did: all sockets that are gone by then, or soon, with their cookies.
"""

import json
import socket
import struct
import subprocess
import sys
import threading

SO_COOKIE = 57
FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
LOOPBACK = {"inet": "127.0.0.1", "inet6": "::1"}


def cookie(sock):
    return "%x" % struct.unpack("=Q", sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]


def told(sock, protocol):
    src, sport = sock.getsockname()[:2]
    try:
        dst, dport = sock.getpeername()[:2]
    except OSError:
        dst, dport = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}[sock.family], 0
    family = {socket.AF_INET: "inet", socket.AF_INET6: "inet6"}[sock.family]
    return {
        "protocol": protocol,
        "family": family,
        "src": src,
        "sport": sport,
        "dst": dst,
        "dport": dport,
        "cookie": cookie(sock),
    }


def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def exactly(sock, length):
    while length > 0:
        length -= len(sock.recv(length))


LISTENERS = {}


def listener(family):
    if family not in LISTENERS:
        dual = family == "dual"
        sock = socket.socket(FAMILIES["inet6" if dual else family])
        if dual:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::" if dual else LOOPBACK[family], 0))
        sock.listen(4096)
        LISTENERS[family] = sock
    return LISTENERS[family]


def pair(family):
    server = listener(family)
    host = "127.0.0.1" if family == "dual" else LOOPBACK[family]
    client = socket.create_connection((host, server.getsockname()[1]))
    return client, server.accept()[0]


def connection(family="inet", up=0, down=0, how="client"):
    """A connection over which so many bytes go, and that one end closes first, or aborts."""
    client, server = pair(family)
    sockets = [told(client, "tcp"), told(server, "tcp")]
    client.sendall(b"u" * up)
    exactly(server, up)
    server.sendall(b"d" * down)
    if how != "unread":
        exactly(client, down)
    first, second = (server, client) if how == "server" else (client, server)
    if how == "abort":
        abort(first)
    else:
        first.close()
        second.settimeout(5)
        try:
            second.recv(1)
        except ConnectionResetError:
            pass
    second.close()
    return sockets


def datagram(family="inet", connected=False):
    sock = socket.socket(FAMILIES[family], socket.SOCK_DGRAM)
    sock.bind((LOOPBACK[family], 0))
    if connected:
        sock.connect((LOOPBACK[family], 9))
    sockets = [told(sock, "udp")]
    sock.close()
    return sockets


def burst(count, family="inet", how="close"):
    """So many connections, a few at a time."""
    cookies = []
    for _ in range(count):
        client, server = pair(family)
        cookies += [cookie(client), cookie(server)]
        if how == "abort":
            abort(client)
        else:
            client.close()
        server.close()
    return cookies


def datagrams(count, port=0):
    cookies = []
    for _ in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        cookies.append(cookie(sock))
        sock.close()
    return cookies


def unbound(count=1, protocol="tcp"):
    """Sockets that never got a port."""
    cookies = []
    for _ in range(count):
        kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[protocol]
        sock = socket.socket(socket.AF_INET, kind)
        cookies.append(cookie(sock))
        sock.close()
    return cookies


def deaf():
    """Closes the listeners."""
    sockets = [told(sock, "tcp") for sock in LISTENERS.values()]
    for sock in LISTENERS.values():
        sock.close()
    LISTENERS.clear()
    return sockets


STOPPED = threading.Event()


def flow():
    """Some ten thousand sockets a second until `stop`, or at most for some minutes."""
    STOPPED.clear()

    def run():
        for _ in range(60_000):
            if STOPPED.wait(0.002):
                return
            datagrams(20)

    threading.Thread(target=run, daemon=True).start()


def stop():
    STOPPED.set()


def forge(group, message):
    """A message to a multicast group, as root can send one, that does not come from the kernel."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
    sock.sendto(bytes.fromhex(message), (0, 1 << (group - 1)))
    sock.close()


def sysctl(name, value):
    with open("/proc/sys/" + name, "w") as file:
        file.write(str(value))


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print("null", flush=True)
    deeds = [connection, datagram, burst, datagrams, unbound, deaf, flow, stop, forge, sysctl]
    by_name = {deed.__name__: deed for deed in deeds}
    for line in sys.stdin:
        deed, words = json.loads(line)
        print(json.dumps(by_name[deed](**words)), flush=True)


main()
