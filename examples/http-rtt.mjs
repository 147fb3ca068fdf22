/**
 * Logs the round-trip time and the retransmissions of the connection behind each HTTP request.
 *
 *   node examples/http-rtt.mjs [PORT]
 *
 * Node cannot tell how a connection is doing; the kernel can, for the price of a system call.
 */
import http from 'node:http';
import process from 'node:process';
import { lookupTcpSync } from 'sockdiag';

const server = http.createServer((request, response) => {
  response.on('finish', () => log(request));
  response.end('hello\n');
});

/** @param {http.IncomingMessage} request */
function log({ method, url, socket }) {
  // Undefined once the connection is gone; without `info` for a unix socket.
  const info = lookupTcpSync(socket, { show: ['info'] })?.info;
  const rtt = info === undefined ? '-' : `${(info.rtt / 1000).toFixed(2)} ms`;
  console.log(`${method} ${url} rtt ${rtt} retransmitted ${info?.totalRetrans ?? '-'}`);
}

server.listen(Number(process.argv[2] ?? 8080), () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});
