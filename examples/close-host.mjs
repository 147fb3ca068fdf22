/**
 * Closes every TCP connection to a host, whoever holds it: `node examples/close-host.mjs 192.0.2.1`. Needs CAP_NET_ADMIN. Their
 * holders get ECONNABORTED, and the other side a reset.
 */
import { isIP } from 'node:net';
import process from 'node:process';
import { destroyMatching, dumpTcp } from 'sockdiag';

const host = process.argv[2] ?? '';
if (isIP(host) === 0) {
  console.error('usage: close-host.mjs ADDRESS');
  process.exit(2);
}

const address = isIP(host) === 6 ? `[${host}]` : host;
const connections = dumpTcp({ states: ['ESTABLISHED'], filter: `dst ${address}` });
let closed = 0;
for (const { socket, error } of await destroyMatching(connections)) {
  // What has ended by itself in the meantime is closed too.
  if (error === undefined || error.code === 'ENOENT') closed++;
  else console.error(`${socket.src}:${socket.sport} -> ${socket.dst}:${socket.dport}: ${error.message}`);
}
console.log(`${closed} connections closed`);
