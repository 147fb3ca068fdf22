// Holds up each system call that a way makes on another thread than the one of `act`, and does something meanwhile: aborts what
// asks, or terminates the worker that asks. Prints what came of each as a line of JSON.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { arm, disarm, isReached, release } from './control.mjs';
import { leftBeyond, opened } from './left.mjs';
import { WAYS } from './ways.mjs';

const REASON = 'enough';

/** Until the call is made; false if all was over before. */
async function reached(ending) {
  let isOver = false;
  ending.finally(() => {
    isOver = true;
  });
  while (!isReached() && !isOver) await sleep(1);
  return isReached();
}

/** What aborts: the answer is the reason at once, and not when the call has come back. */
async function abort(way, world) {
  const controller = new AbortController();
  const asking = (async () => WAYS[way].ask({ ...world, signal: controller.signal }))();
  const ending = asking.then(
    () => 'an answer',
    (error) => (error === REASON ? 'the reason' : String(error)),
  );
  const wasReached = await reached(ending);
  controller.abort(REASON);
  await sleep(2);
  release();
  return { reached: wasReached, outcome: await ending };
}

/** What terminates: the worker ends with 1, however far it was. */
async function terminate(way, world) {
  const worker = new Worker(new URL('./asking.mjs', import.meta.url), { workerData: { way, world } });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const failed = new Promise((_, reject) => worker.once('error', reject));
  const wasReached = await Promise.race([reached(ended), failed]);
  const terminating = worker.terminate();
  await sleep(2);
  release();
  return { reached: wasReached, outcome: await terminating };
}

const acts = { abort, terminate };
const [name, way, calls] = [process.argv[2], process.argv[3], JSON.parse(process.argv[4])];
const act = acts[name];
const world = await WAYS[way].world();

async function actDuring([call, at]) {
  arm(call, 'hold', { at });
  const result = await act(way, world);
  disarm();
  return result;
}

// What is loaded, and started, once.
for (let i = 0; i < 2; i++) await actDuring(calls[0]);
const before = opened();
for (const [call, at] of calls) {
  console.log(JSON.stringify({ call, at, begins: true }));
  const result = await actDuring([call, at]);
  console.log(JSON.stringify({ call, at, ...result, left: await leftBeyond(before) }));
}
process.exit(0);
