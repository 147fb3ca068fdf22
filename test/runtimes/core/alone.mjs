/** A process in which workers alone make dumps, so that the addon goes with the last of them. They are terminated. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const [way] = process.argv.slice(2);

for (let time = 0; time < 5; time++) {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { way } });
  await once(worker, 'message');
  await worker.terminate();
}
console.log('last line');
process.exit(0);
