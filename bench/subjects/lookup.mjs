/** One connection, looked up again and again. */
import { once } from 'node:events';
import net from 'node:net';
import { lookupTcp, lookupTcpSync } from '../../dist/index.js';
import { toucher } from './subject.mjs';

const touch = toucher('tcp-info');

/** A connection of this process: the server's end, as a server has it. */
async function connection() {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const client = net.connect(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  for (const handle of [server, client, socket]) handle.unref();
  return /** @type {net.Socket} */ (socket);
}

/** @type {Record<string, (socket: net.Socket) => Promise<() => unknown>>} */
const WAYS = {
  socket: async (socket) => () => lookupTcpSync(socket, { show: ['info'] }),
  tuple: async ({ localAddress: src = '', localPort: sport = 0, remoteAddress: dst, remotePort: dport }) => {
    const tuple = { src, sport, dst, dport };
    return () => lookupTcpSync(tuple, { show: ['info'] });
  },
  promise: async (socket) => () => lookupTcp(socket, { show: ['info'] }),
};

/**
 * @param {string} _kind
 * @param {string} way
 * @param {string} count of lookups in a run
 * @returns {Promise<import('./subject.mjs').Subject>}
 */
export async function create(_kind, way, count) {
  const ask = await WAYS[way]?.(await connection());
  if (ask === undefined) throw new Error(`there is no way '${way}'`);
  const isPromise = way === 'promise';
  return {
    async run() {
      let rows = 0;
      for (let i = 0; i < Number(count); i++) {
        const record = isPromise ? await ask() : ask();
        touch(record);
        if (record !== undefined) rows++;
      }
      return rows;
    },
  };
}
