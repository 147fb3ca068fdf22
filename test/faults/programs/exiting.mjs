// Ends the process while a system call is held up.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { arm, isReached } from './control.mjs';
import { WAYS } from './ways.mjs';

const [, , way, call, at] = process.argv;
const world = await WAYS[way].world();
arm(call, 'hold', { at: Number(at), limit: 100 });
(async () => WAYS[way].ask(world))();
while (!isReached()) await sleep(1);
console.log(JSON.stringify({ reached: true }));
process.exit(7);
