// Dumps, or looks for owners, without end, in one of the ways, until it is terminated.
import { workerData } from 'node:worker_threads';

import { dumpTcp, dumpUnix, owners } from '../../dist/index.js';
import { dumpTcp as readTcp, dumpUnix as readUnix } from '../../dist/proc/index.js';

const ways = [
  async () => {
    for await (const socket of dumpUnix()) if (socket.inode < 0) return;
  },
  async () => {
    for await (const batch of dumpUnix().batches()) if (batch.length === 0) return;
  },
  async () => {
    await Promise.all([dumpUnix().toArray(), dumpTcp().toArray(), dumpUnix().toArray()]);
  },
  async () => {
    for await (const socket of dumpUnix()) if (socket.inode > 0) break;
  },
  async () => {
    const signal = AbortSignal.timeout(1);
    await dumpUnix({ signal })
      .toArray()
      .catch(() => undefined);
  },
  async () => {
    for (const socket of dumpUnix()) if (socket.inode < 0) return;
  },
  async () => {
    await Promise.all([owners(), owners()]);
  },
  async () => {
    for await (const batch of dumpUnix({ owners: true }).batches()) if (batch.length === 0) return;
  },
  async () => {
    await Promise.all([readUnix().toArray(), readTcp().toArray(), dumpUnix().toArray()]);
  },
  async () => {
    for await (const socket of readUnix()) if (socket.inode < 0) return;
  },
  async () => {
    for await (const socket of readUnix()) if (socket.inode > 0) break;
  },
];

// Not at the top: Node 22 crashes where a worker is terminated in the moment in which a module that awaits is started.
async function run() {
  for (;;) await ways[workerData % ways.length]();
}

run();
