// Sixteen workers that dump at once, each terminated at a random moment, a hundred times over. Prints how many
// were terminated, and how many sockets and tables of /proc they left open. (Of other files, Node itself leaves
// some: those of modules that were being loaded.)
import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { populate } from './population.mjs';

const WORKERS = 16;
const ROUNDS = Number(process.argv[3] ?? 100);

function openSockets() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith('socket:') || /^\/proc\/\d+\/net\//.test(target);
    } catch {
      return false;
    }
  }).length;
}

const program = new URL('./worker.mjs', import.meta.url);
let terminated = 0;

async function live(kind) {
  const worker = new Worker(program, { workerData: kind });
  const failed = new Promise((_, reject) => worker.once('error', reject));
  const ended = (async () => {
    if (Math.random() < 0.9) await new Promise((resolve) => worker.once('online', resolve));
    await sleep(Math.random() * 60);
    await worker.terminate();
    terminated++;
  })();
  await Promise.race([ended, failed]);
}

await populate(process.argv[2]);
await Promise.all(Array.from({ length: WORKERS }, (_, i) => live(i)));
const before = openSockets();
terminated = 0;
for (let round = 0; round < ROUNDS; round++) {
  await Promise.all(Array.from({ length: WORKERS }, (_, i) => live(i)));
}
await sleep(100);
console.log(JSON.stringify({ terminated, sockets: openSockets() - before }));
process.exit(0);
