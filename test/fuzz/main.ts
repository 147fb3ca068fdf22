/**
 * Runs one of the fuzzers in TypeScript, and prints what came of it as a line of JSON. `run.mjs` starts it:
 * `main.mjs '{"target":"names","seed":1,"seconds":60}'`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { inspect } from 'node:util';

import { Coverage } from './coverage.js';
import decoders from './decoders.js';
import filterPrograms from './filter-programs.js';
import filterTexts from './filter-texts.js';
import { again, type Broken, fuzz, type Limits } from './fuzzer.js';
import names from './names.js';
import proc from './proc.js';
import recorded from './recorded.js';
import type { Target } from './target.js';
import { startWatchdog } from './watchdog.js';

const TARGETS: Readonly<Record<string, Target<unknown>>> = {
  decoders: decoders as Target<unknown>,
  recorded: recorded as Target<unknown>,
  'filter-texts': filterTexts as Target<unknown>,
  'filter-programs': filterPrograms as Target<unknown>,
  names: names as Target<unknown>,
  proc: proc as Target<unknown>,
};

interface Order extends Limits {
  target: string;
  /** An input that was kept, to be tried instead of others. */
  input?: string;
  /** Where an input that breaks a promise is to be kept. */
  keep: string;
}

function told({ seed, error, input }: Broken, keep: string): object {
  writeFileSync(keep, input);
  return { seed, message: inspect(error, { depth: 4 }), kept: keep };
}

const order = JSON.parse(process.argv[2] as string) as Order;
const target = TARGETS[order.target] as Target<unknown>;
let isStopped = false;
process.on('SIGINT', () => {
  isStopped = true;
});
const coverage = new Coverage();
await coverage.start();
const onInput = startWatchdog();
const result =
  order.input === undefined
    ? await fuzz(target, order, () => isStopped, onInput)
    : again(target, readFileSync(order.input));
target.close?.();
const { broken, ...rest } = result;
const covered = await coverage.of(import.meta.url, target.of);
const line = { ...rest, covered, ...(broken && { broken: told(broken, order.keep) }) };
process.stdout.write(`${JSON.stringify(line)}\n`);
