/** Sockets of this process's own, in states that are known. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {{ server: net.Server, near: net.Socket, far: net.Socket }} Connection near is that which connected */

/** That a dump needs several batches for. */
const MANY = 1500;

/** What is sent from the near end to the far one. */
export const GREETING = 'from the near end';

/**
 * @template {net.Server} Server
 * @param {Server} server
 * @param {import('node:net').ListenOptions} options
 */
async function listening(server, options) {
  server.listen(options);
  await once(server, 'listening');
  return server;
}

/** @param {net.Server} server */
export function portOf(server) {
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

/**
 * @param {import('node:net').ListenOptions} listen
 * @returns {Promise<Connection>}
 */
export async function connection(listen) {
  const server = await listening(net.createServer({ allowHalfOpen: true }), listen);
  const { path } = listen;
  const to = path === undefined ? { host: listen.host, port: portOf(server) } : { path };
  const near = net.connect({ ...to, allowHalfOpen: true });
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  return { server, near, far };
}

/** @param {Connection} connection */
export async function greet({ near, far }) {
  near.write(GREETING);
  let received = '';
  while (received.length < GREETING.length) received += (await once(far, 'data'))[0];
}

/**
 * Ends one direction: the far end is in FIN_WAIT2 then, and the near one in CLOSE_WAIT.
 *
 * @param {Connection} connection
 */
export async function halfClose({ near, far }) {
  near.resume();
  far.end();
  await once(near, 'end');
  // The acknowledgement of the end.
  await sleep(50);
}

/**
 * @param {'udp4' | 'udp6'} type
 * @param {string} host
 */
export async function datagramSocket(type, host) {
  const socket = dgram.createSocket(type);
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

/**
 * @param {string} path
 * @returns {Promise<void>}
 */
export async function makeMany(path) {
  /** @type {net.Socket[]} */
  const held = [];
  await listening(
    net.createServer((socket) => held.push(socket)),
    { path },
  );
  for (let made = 0; made < MANY; made++) {
    const socket = net.connect({ path });
    held.push(socket);
    await once(socket, 'connect');
  }
  while (held.length < 2 * MANY) await sleep(1);
}

/** @param {string} directory for what has a path */
export async function makeSockets(directory) {
  const inet = await connection({ host: '127.0.0.1', port: 0 });
  const inet6 = await connection({ host: '::1', port: 0 });
  const half = await connection({ host: '127.0.0.1', port: 0 });
  const unix = await connection({ path: `${directory}/unix` });
  await greet(inet);
  await greet(inet6);
  await halfClose(half);
  const udp = await datagramSocket('udp4', '127.0.0.1');
  const udp6 = await datagramSocket('udp6', '::1');
  await makeMany(`${directory}/many`);
  return { inet, inet6, half, unix, udp, udp6, directory, expected: expectedTcp({ inet, inet6, half }) };
}

/** @typedef {Awaited<ReturnType<typeof makeSockets>>} Sockets */

/**
 * What the kernel must tell of the TCP sockets.
 *
 * @param {Record<'inet' | 'inet6' | 'half', Connection>} connections
 * @returns {Record<string, unknown>[]}
 */
function expectedTcp({ inet, inet6, half }) {
  const ends = /** @type {const} */ (['ESTABLISHED', 'ESTABLISHED']);
  return [
    ...expectedOf('inet', '127.0.0.1', inet, ends),
    ...expectedOf('inet6', '::1', inet6, ends),
    ...expectedOf('inet', '127.0.0.1', half, ['CLOSE_WAIT', 'FIN_WAIT2']),
  ];
}

/**
 * @param {'inet' | 'inet6'} family
 * @param {string} host
 * @param {Connection} connection
 * @param {readonly [near: string, far: string]} states
 */
function expectedOf(family, host, { server, near }, [nearState, farState]) {
  const [listen, local] = [portOf(server), near.localPort];
  const ends = { family, protocol: 'tcp', src: host, dst: host };
  const nowhere = family === 'inet' ? '0.0.0.0' : '::';
  return [
    { ...ends, state: 'LISTEN', sport: listen, dst: nowhere, dport: 0 },
    { ...ends, state: nearState, sport: local, dport: listen },
    { ...ends, state: farState, sport: listen, dport: local },
  ];
}
