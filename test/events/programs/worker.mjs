// Watches in one of the ways until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';

import { watchDestroyed } from '../../../dist/index.js';

const options = { netns: workerData.pid };

async function read(watcher) {
  for await (const event of watcher) if (event.type === 'destroyed') parentPort.postMessage('event');
}

const ways = [
  () => read(watchDestroyed(options)),
  // Nobody reads, and the queue is full.
  () =>
    setTimeout(
      () => watchDestroyed({ ...options, queue: 10 }),
      600_000,
      watchDestroyed({ ...options, queue: 10 }),
    ),
  // Opened and closed on and on.
  async () => {
    for (;;) for await (const _ of watchDestroyed(options)) break;
  },
  () => Promise.all(Array.from({ length: 8 }, () => read(watchDestroyed({ ...options, queue: 1 })))),
];

ways[workerData.way]();
parentPort.postMessage('watching');
