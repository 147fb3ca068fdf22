/**
 * A health check that tells when a server no longer keeps up: connections wait in the kernel to be accepted, and
 * when the queue is full, clients wait without an answer.
 *
 *   node examples/accept-queue.mjs [PORT]
 *   curl http://localhost:8080/healthz
 */
import http from 'node:http';
import process from 'node:process';
import { lookupTcp } from 'sockdiag';

/** The share of the queue from which on the server is called unhealthy. */
const LIMIT = 0.5;

const server = http.createServer(async ({ url }, response) => {
  if (url !== '/healthz') {
    response.end('hello\n');
    return;
  }
  const { waiting, limit } = await acceptQueue(server);
  response.statusCode = waiting > limit * LIMIT ? 503 : 200;
  response.end(`${JSON.stringify({ waiting, limit })}\n`);
});

/** @param {import('node:net').Server} listening */
async function acceptQueue(listening) {
  const socket = await lookupTcp(listening);
  // Of a listener, the queues are those of connections. A server that has been closed has none.
  return { waiting: socket?.rqueue ?? 0, limit: socket?.wqueue ?? 0 };
}

server.listen(Number(process.argv[2] ?? 8080), () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});
