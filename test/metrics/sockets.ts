/** What the tests of sockdiag/metrics look at: sockets in states that are known, and records that nobody's kernel has. */
import type { Batches, DiagMsg, TcpDiagMsg, TcpInfo } from '../../lib/index.js';

/** Python, for a stage: IP sockets in every state that stays, and what they have in their queues. */
export const IP_SOCKETS: string = `
import socket, tempfile
REUSE = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
def client(port, host='127.0.0.1'):
    return socket.create_connection((host, port))
# One may wait more than the limit says: then it is full.
full = listener('127.0.0.1', 5001, backlog=2)
kept = [client(5001) for n in range(3)]
waited = listener('127.0.0.1', 5002, backlog=8)
kept += [client(5002) for n in range(2)]
group = [listener('127.0.0.1', 5003, REUSE, backlog=40) for n in range(3)]
kept += [client(5003) for n in range(30)]
server = listener('127.0.0.1', 5004)
unread = connection(server, '127.0.0.1')
unread[0].sendall(b'x' * 12345)
# Nobody reads, so that some is received, and the rest is not acknowledged.
stuck = connection(server, '127.0.0.1')
stuck[0].setblocking(False)
try:
    while True: stuck[0].send(b'x' * 65536)
except BlockingIOError:
    pass
half = [connection(server, '127.0.0.1') for n in range(4)]
for near, far in half: near.shutdown(socket.SHUT_WR)
for n in range(5):
    near, far = connection(server, '127.0.0.1')
    near.close()
    far.recv(1)
    far.close()
dual = listener('::', 5006)
mapped = connection(dual, '127.0.0.1')
six = connection(dual, '::1')
alone = listener('::1', 5007)
udp = [datagram('127.0.0.1', 5008), datagram('::1', 5009)]
udp.append(datagram('127.0.0.1', 0, ('127.0.0.1', 5008)))
udp[2].send(b'x' * 500)
`;

/** Python: unix sockets, one listener with a full queue, one with some in it; names have the prefix that is put in. */
export const UNIX_SOCKETS: string = `
def local(kind, name=None):
    sock = socket.socket(socket.AF_UNIX, kind)
    if name is not None: sock.bind(name)
    return sock
def serving(name, backlog, waiting):
    server = local(socket.SOCK_STREAM, name)
    server.listen(backlog)
    near = [local(socket.SOCK_STREAM) for n in range(waiting)]
    for one in near: one.connect(name)
    return server, near
locals = [serving('\\0full', 1, 2), serving('\\0some', 9, 3)]
locals.append(local(socket.SOCK_DGRAM, '\\0datagrams'))
locals.append(local(socket.SOCK_DGRAM))
locals[-1].sendto(b'x' * 100, '\\0datagrams')
pair = socket.socketpair()
pair[0].send(b'x' * 321)
`;

const TCP: TcpDiagMsg = {
  family: 'inet',
  protocol: 'tcp',
  state: 'ESTABLISHED',
  timer: 'off',
  retrans: 0,
  src: '192.0.2.1',
  sport: 443,
  dst: '198.51.100.1',
  dport: 50_000,
  ifindex: 0,
  cookie: '1',
  expires: 0,
  rqueue: 0,
  wqueue: 0,
  uid: 0,
  inode: 7,
};

/** A record of a TCP socket, as a dump gives it. */
export const tcp = (fields: Partial<TcpDiagMsg> = {}): TcpDiagMsg => ({ ...TCP, ...fields });

/** One whose tcp_info has this, and 0 for all that is counted beside. */
export const withInfo = (info: Partial<TcpInfo>, fields: Partial<TcpDiagMsg> = {}): TcpDiagMsg =>
  tcp({
    ...fields,
    info: { rtt: 0, bytesSent: 0, bytesRetrans: 0, sndCwnd: 10, deliveryRate: 0, ...info } as TcpInfo,
  });

/** What can be read as a dump is, and has these records each time. */
export function batchesOf<T extends DiagMsg>(...records: T[]): Batches<T> {
  return {
    async *batches() {
      yield records;
    },
  };
}

/** So many addresses, all of them different. */
export const addressOf = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
