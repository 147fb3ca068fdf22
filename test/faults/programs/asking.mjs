// A worker that asks in one way, again and again.
import { workerData } from 'node:worker_threads';

import { WAYS } from './ways.mjs';

for (;;) await WAYS[workerData.way].ask(workerData.world);
