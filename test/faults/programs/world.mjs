// Sockets that do not change, in network namespaces of the program's own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** Two sockets in a network namespace, whose lo is not up. */
const ELSEWHERE = `
import socket, sys
held = [socket.socket() for port in (7001, 7002)]
for one, port in zip(held, (7001, 7002)):
    one.bind(('127.0.0.1', port))
    one.listen()
print('ready', flush=True)
sys.stdin.read()`;

/** Connections to a server that is made for them; both ends are here. Answers the server. */
export async function connections(where, count) {
  const accepted = [];
  const server = createServer((socket) => accepted.push(socket.on('error', () => {}))).listen(where);
  await once(server, 'listening');
  for (let i = 0; i < count; i++) await once(connect(server.address().port ?? where.path), 'connect');
  while (accepted.length < count) await turn();
  return server;
}

/** A new connection of TCP, and how it is ended. */
export async function connection(server) {
  const accepting = once(server, 'connection');
  const socket = connect(server.address().port, '127.0.0.1').on('error', () => {});
  const [[peer]] = await Promise.all([accepting, once(socket, 'connect')]);
  const end = () => {
    socket.destroy();
    peer.destroy();
  };
  return { socket, end };
}

/** A process in another network namespace, with two listeners. */
export async function elsewhere() {
  const child = spawn('unshare', ['--net', 'python3', '-c', ELSEWHERE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child.pid;
}
