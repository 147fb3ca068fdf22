// Workers that watch a process's namespace, each terminated at a random moment, a hundred times over. Prints how many were
// terminated, and how many sockets and threads they left.
import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const WORKERS = 4;
const ROUNDS = 25;

function measure() {
  const sockets = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  });
  return { sockets: sockets.length, threads: readdirSync('/proc/self/task').length };
}

const program = new URL('./worker.mjs', import.meta.url);
const workerData = Number(process.argv[2]);
let terminated = 0;

async function live(way) {
  const worker = new Worker(program, { workerData: { pid: workerData, way } });
  const failed = new Promise((_, reject) => worker.once('error', reject));
  const ended = (async () => {
    await new Promise((resolve) => worker.once('message', resolve));
    await sleep(Math.random() * 30);
    await worker.terminate();
    terminated++;
  })();
  await Promise.race([ended, failed]);
}

const round = () => Promise.all(Array.from({ length: WORKERS }, (_, i) => live(i)));

await round();
const before = measure();
terminated = 0;
for (let i = 0; i < ROUNDS; i++) await round();
await sleep(100);
const after = measure();
console.log(
  JSON.stringify({
    terminated,
    sockets: after.sockets - before.sockets,
    threads: after.threads - before.threads,
  }),
);
