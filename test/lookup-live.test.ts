/** Sockets that this program has open itself: what the kernel says of them, and of no other. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import fs, { fstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';

import { afterAll, describe, expect, test } from 'vitest';

import { lookupTcp, lookupTcpSync, lookupUdp, lookupUnix, type TcpDiagMsg } from '../lib/index.js';
import { lackOf } from './tools.js';

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-live-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** By the inode of its descriptor, which no other socket has. */
function inodeOf(socket: net.Socket | net.Server): number {
  return fstatSync((socket as unknown as { _handle: { fd: number } })._handle.fd).ino;
}

async function listening<S extends net.Server>(server: S, options: net.ListenOptions): Promise<S> {
  server.listen('path' in options ? options : { port: 0, ...options });
  await once(server, 'listening');
  return server;
}

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;

async function pair(host = '127.0.0.1'): Promise<{ server: net.Server; near: net.Socket; far: net.Socket }> {
  const server = await listening(net.createServer(), { host });
  const near = net.connect(portOf(server), host);
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  return { server, near, far };
}

describe('inside an HTTP server', () => {
  const path = join(directory, 'http.sock');
  test.each<[string, net.ListenOptions, http.RequestOptions, object]>([
    ['IPv4', { host: '127.0.0.1' }, { host: '127.0.0.1' }, { family: 'inet', src: '127.0.0.1' }],
    ['IPv6', { host: '::1' }, { host: '::1' }, { family: 'inet6', src: '::1' }],
    [
      'dual-stack',
      { host: '::' },
      { host: '127.0.0.1' },
      { family: 'inet6', src: '::ffff:127.0.0.1', dst: '::ffff:127.0.0.1' },
    ],
    ['unix', { path }, { socketPath: path }, { family: 'unix', name: path }],
  ])('%s: the very connection of each request', async (_name, listen, request, expected) => {
    const answers: unknown[] = [];
    const server = http.createServer(async ({ socket }, response) => {
      const own = await lookupTcp(socket, { show: ['info'] });
      const { remotePort, localPort } = socket;
      const ports = own?.family === 'unix' ? {} : { dport: remotePort, sport: localPort };
      answers.push([own, inodeOf(socket), ports]);
      expect(lookupTcpSync(socket, { show: [] })?.cookie).toBe(own?.cookie);
      response.end();
    });
    await listening(server, listen);
    const agents = [1, 2, 3].map(() => new http.Agent({ keepAlive: true }));
    // Several at once, each of them twice over the same connection.
    for (let round = 0; round < 2; round++) {
      await Promise.all(
        agents.map(async (agent) => {
          const port = typeof listen.path === 'string' ? {} : { port: portOf(server) };
          const [response] = (await once(http.get({ ...request, ...port, agent }), 'response')) as [
            http.IncomingMessage,
          ];
          response.resume();
          await once(response, 'end');
        }),
      );
    }
    expect(answers).toHaveLength(6);
    for (const [own, inode, ports] of answers as [TcpDiagMsg, number, object][]) {
      expect(own).toMatchObject({ ...expected, ...ports, inode, state: 'ESTABLISHED' });
      if (own.family !== ('unix' as string)) expect(own.info?.bytesReceived).toBeGreaterThan(0);
    }
    expect(new Set((answers as [TcpDiagMsg][]).map(([own]) => own.cookie)).size).toBe(3);
    expect(await lookupTcp(server)).toMatchObject({ state: 'LISTEN', inode: inodeOf(server) });
    for (const agent of agents) agent.destroy();
    server.close();
  });
});

test('both ends of a connection, from when it begins until it is gone', async () => {
  const { server, near, far } = await pair();
  const own = await lookupTcp(near);
  expect(own).toMatchObject({ inode: inodeOf(near), sport: near.localPort, dport: near.remotePort });
  expect(await lookupTcp(far)).toMatchObject({ inode: inodeOf(far), sport: near.remotePort });
  far.end();
  near.resume();
  await once(near, 'end');
  near.destroy();
  await once(near, 'close');
  expect(await lookupTcp(near)).toBeUndefined();
  expect(lookupTcpSync(near)).toBeUndefined();
  // The record of the socket leads to what is left of it.
  expect(await lookupTcp(own as TcpDiagMsg)).not.toMatchObject({ state: 'LISTEN' });
  server.close();
});

test('a socket that is used again is another one', async () => {
  const { server, near, far } = await pair();
  const first = await lookupTcp(near);
  far.destroy();
  near.destroy();
  await once(near, 'close');
  near.connect(portOf(server), '127.0.0.1');
  await once(near, 'connect');
  const second = await lookupTcp(near);
  expect(second).toMatchObject({ state: 'ESTABLISHED', inode: inodeOf(near), sport: near.localPort });
  expect(second?.cookie).not.toBe(first?.cookie);
  near.destroy();
  server.close();
});

test('sockets that are nothing to the kernel yet', async () => {
  expect(await lookupTcp(new net.Socket())).toBeUndefined();
  expect(await lookupTcp(net.createServer())).toBeUndefined();
  const socket = dgram.createSocket('udp4');
  expect(await lookupUdp(socket)).toBeUndefined();
  socket.close();
  expect(await lookupUdp(socket)).toBeUndefined();
});

test.skipIf(lackOf('python3'))('a connection that is being made', async () => {
  // A listener that accepts nothing, and whose queue is full with the first two.
  const idle = `
import socket, sys
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(0)
print(server.getsockname()[1], flush=True)
sys.stdin.read()`;
  const child = spawn('python3', ['-c', idle]);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const sockets = Array.from({ length: 4 }, () => net.connect(Number(port), '127.0.0.1'));
  await once(sockets[0] as net.Socket, 'connect');
  const found = sockets.map((socket) => [lookupTcpSync(socket), inodeOf(socket)] as const);
  for (const [own, inode] of found) expect(own?.inode).toBe(inode);
  expect(found.map(([own]) => own?.state)).toContain('SYN_SENT');
  for (const socket of sockets) socket.destroy();
  child.kill();
});

test.skipIf(lackOf('python3'))('members of a group of servers with SO_REUSEPORT are told apart', () => {
  // Node itself cannot make such a group before 22.12: it is given one.
  const program = `
    import net from 'node:net';
    import { once } from 'node:events';
    import { fstatSync } from 'node:fs';
    import { lookupTcp } from '${join(import.meta.dirname, '../dist/index.js')}';
    for (const fd of process.argv.slice(1).map(Number)) {
      const server = net.createServer().listen({ fd });
      await once(server, 'listening');
      const own = await lookupTcp(server);
      console.log(own?.state, own?.inode === fstatSync(fd).ino);
    }
    process.exit(0);`;
  const maker = `
import os, socket, sys
first, group = None, []
for _ in range(8):
    member = socket.socket()
    member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    member.bind(first or ('127.0.0.1', 0))
    first = member.getsockname()
    member.listen(4)
    os.set_inheritable(member.fileno(), True)
    group.append(member)
os.execvp(sys.argv[1], sys.argv[1:] + [str(member.fileno()) for member in group])`;
  const node = [process.execPath, '--input-type=module', '-e', program, '--'];
  const { stdout, stderr } = spawnSync('python3', ['-c', maker, ...node], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  expect(stdout).toBe('LISTEN true\n'.repeat(8));
});

test('UDP: unbound, bound, connected, IPv4 and IPv6', async () => {
  for (const [type, host] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const [a, b] = [dgram.createSocket(type), dgram.createSocket(type)];
    for (const socket of [a, b]) {
      socket.bind(0, host);
      await once(socket, 'listening');
    }
    expect(await lookupUdp(a)).toMatchObject({
      src: host,
      sport: a.address().port,
      dport: 0,
      state: 'CLOSE',
    });
    a.connect(b.address().port, host);
    await once(a, 'connect');
    expect(await lookupUdp(a)).toMatchObject({
      src: host,
      sport: a.address().port,
      dport: b.address().port,
      state: 'ESTABLISHED',
    });
    a.disconnect();
    expect(await lookupUdp(b)).toMatchObject({ sport: b.address().port, dport: 0 });
    a.close();
    b.close();
  }
});

test('a unix connection and its server, by lookupUnix too', async () => {
  const path = join(directory, 'plain.sock');
  const server = await listening(net.createServer(), { path });
  const near = net.connect(path);
  const [far] = (await once(server, 'connection')) as [net.Socket];
  expect(await lookupUnix(near)).toMatchObject({
    state: 'ESTABLISHED',
    inode: inodeOf(near),
    peer: inodeOf(far),
  });
  expect(await lookupUnix(far)).toMatchObject({ name: path, inode: inodeOf(far), peer: inodeOf(near) });
  expect(await lookupUnix(server)).toMatchObject({ state: 'LISTEN', name: path, inode: inodeOf(server) });
  near.destroy();
  server.close();
  await expect(lookupUnix((await pair()).near)).rejects.toThrow(TypeError);
});

test('a unix connection where fstat() knows only files, as in Deno', async () => {
  const path = join(directory, 'files.sock');
  const server = await listening(net.createServer(), { path });
  const inode = inodeOf(server);
  const { fstatSync } = fs;
  fs.fstatSync = () => {
    throw Object.assign(new Error('EBADF: bad file descriptor, fstat'), { code: 'EBADF' });
  };
  syncBuiltinESMExports();
  try {
    expect(await lookupUnix(server)).toMatchObject({ state: 'LISTEN', name: path, inode });
  } finally {
    fs.fstatSync = fstatSync;
    syncBuiltinESMExports();
  }
  server.close();
});

describe.skipIf(lackOf('openssl'))('over TLS', () => {
  const key = join(directory, 'key.pem');
  const cert = join(directory, 'cert.pem');
  const credentials = () => {
    const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout ${key} -out ${cert}`;
    execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
    return { key: execFileSync('cat', [key]), cert: execFileSync('cat', [cert]) };
  };

  test('the connection below', async () => {
    const server = await listening(tls.createServer(credentials()), { host: '127.0.0.1' });
    const near = tls.connect({ port: portOf(server), host: '127.0.0.1', rejectUnauthorized: false });
    const [far] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
    for (const end of [near, far]) {
      expect(await lookupTcp(end)).toMatchObject({ sport: end.localPort, dport: end.remotePort });
    }
    near.destroy();
    server.close();
  });

  test('HTTP/2, whose requests have no socket of their own', async () => {
    const server = http2.createSecureServer(credentials());
    const answered = new Promise((resolve) => {
      server.on('request', (request, response) => {
        resolve(Promise.all([lookupTcp(request.socket), request.socket.remotePort]));
        response.end();
      });
    });
    await listening(server, { host: '127.0.0.1' });
    const session = once(server, 'session');
    const client = http2.connect(`https://127.0.0.1:${portOf(server)}`, { rejectUnauthorized: false });
    await once(client, 'connect');
    const [{ socket: far }] = (await session) as [http2.ServerHttp2Session];
    const near = client.socket as net.Socket;
    expect(await lookupTcp(near)).toMatchObject({ sport: near.localPort, dport: near.remotePort });
    expect(await lookupTcp(far as net.Socket)).toMatchObject({
      sport: near.remotePort,
      dport: near.localPort,
    });
    client.request({ ':path': '/' }).resume();
    const [own, port] = (await answered) as [TcpDiagMsg, number];
    expect(own).toMatchObject({ state: 'ESTABLISHED', dport: port });
    client.destroy();
    server.close();
  });
});

test('in the worker of a cluster, its connection is found, and its server is that of the primary process', () => {
  const program = join(directory, 'cluster.mjs');
  writeFileSync(
    program,
    `import cluster from 'node:cluster';
     import net from 'node:net';
     import { lookupTcp } from '${join(import.meta.dirname, '../dist/index.js')}';
     if (cluster.isPrimary) {
       cluster.fork().on('message', (answer) => { console.log(JSON.stringify(answer)); process.exit(0); });
     } else {
       const server = net.createServer(async (socket) => {
         const [own, listener] = [await lookupTcp(socket), await lookupTcp(server)];
         process.send({ own: own.dport === socket.remotePort, state: listener.state, sport: listener.sport === socket.localPort });
       });
       server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'));
     }`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 20_000 });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ own: true, state: 'LISTEN', sport: true });
});

test('without a descriptor, as in other runtimes, the addresses do', async () => {
  const without = <S extends object>(socket: S): S =>
    new Proxy(socket, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (name === '_handle') return {};
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const { server, near, far } = await pair('127.0.0.1');
  expect(await lookupTcp(without(near))).toMatchObject({ inode: inodeOf(near), dport: near.remotePort });
  expect(await lookupTcp(without(server))).toMatchObject({ inode: inodeOf(server), state: 'LISTEN' });
  // What has no peer any more is not its listener.
  const parted = new Proxy(without(far), {
    get: (target, name) => (name === 'remoteAddress' ? undefined : Reflect.get(target, name)),
  });
  expect(await lookupTcp(parted)).toBeUndefined();
  near.destroy();
  far.destroy();
  server.close();
});

test('sockets of another kind than what is looked up are refused, and so is a request', async () => {
  const { near, server, far } = await pair();
  await expect(lookupUdp(near as never)).rejects.toThrow('lookupUdp: the socket is of another protocol');
  const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  await expect(lookupTcp(udp as never)).rejects.toThrow('another protocol, whose number is 17');
  await expect(lookupTcp({ socket: near } as never)).rejects.toThrow('has a socket: it is that');
  udp.close();
  near.destroy();
  far.destroy();
  server.close();
});
