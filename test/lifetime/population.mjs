import { connect, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** A thousand unix sockets: enough for a dump of several batches, of which one is read ahead when it is left. */
export async function populate(path) {
  const held = [];
  const server = createServer((socket) => held.push(socket)).listen(path);
  for (let i = 0; i < 500; i++) await new Promise((resolve) => held.push(connect(path, resolve)));
  while (held.length < 1000) await turn();
  server.unref();
  for (const socket of held) socket.unref();
}
