#!/usr/bin/env node
/** The command. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

import { FilterSyntaxError } from '../filter/error.js';
import { SockDiagError } from '../netlink/errors.js';
import { HELP } from './help.js';
import { readWords, type Words } from './options.js';
import { type Batches, jsonLine, print, printJson } from './output.js';
import { type Plan, planOf } from './plan.js';
import { readMessages, readRecords } from './read.js';
import { summaryText } from './summary.js';
import { printTable } from './table.js';
import { limitOf, waitFor, waitingFor } from './wait.js';
import { checkWish } from './wish.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
/** As of timeout(1). */
const EXIT_TIMEOUT = 124;

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

// What few ask for is loaded for those only, since all others would wait for it.
const loadEvents = (): Promise<typeof import('./events.js')> => import('./events.js');
const loadKill = (): Promise<typeof import('./kill.js')> => import('./kill.js');
const loadRecording = (): Promise<typeof import('./recording.js')> => import('./recording.js');
const loadTop = (): Promise<typeof import('./top/top.js')> => import('./top/top.js');
const loadTopWish = (): Promise<typeof import('./top/wish.js')> => import('./top/wish.js');

async function batchesOf(plan: Plan, { values }: Words): Promise<Batches> {
  if (values.from !== undefined) return (await loadRecording()).recorded(values.from, plan);
  const batches = readRecords(plan, values, complain);
  return values.kill ? (await loadKill()).ended(batches) : batches;
}

async function show(plan: Plan, words: Words): Promise<void> {
  const { values } = words;
  if (values.summary) {
    await print(summaryText());
    if (!plan.isChosen) return;
  }
  if (values.diag !== undefined) {
    await (await loadRecording()).record(readMessages(plan, values, complain), values.diag);
  } else if (values.events) await (await loadEvents()).printEvents(plan, values, complain);
  else if (values.json) await printJson(await batchesOf(plan, words));
  else await printTable(await batchesOf(plan, words), plan, values);
}

async function wait(plan: Plan, words: Words): Promise<void> {
  const { values } = words;
  const found = await waitFor(() => batchesOf(plan, words), {
    isGone: values.gone === true,
    limit: limitOf(values),
  });
  if (found === undefined) process.exitCode = EXIT_TIMEOUT;
  else if (values.json) await print(found.map(jsonLine).join(''));
}

async function top(plan: Plan, words: Words): Promise<void> {
  await (await loadTop()).top(plan, words, complain);
}

interface Wish {
  act: (plan: Plan, words: Words) => Promise<void>;
  words: Words;
  plan: Plan;
}

async function readTopWish(others: readonly string[]): Promise<Wish> {
  const { checkTop, topWords } = await loadTopWish();
  const words = topWords(await readWords(others));
  const plan = planOf(words);
  checkTop(plan);
  return { act: top, words, plan };
}

async function readWish([first, ...others]: readonly string[]): Promise<Wish> {
  if (first === 'top') return readTopWish(others);
  const waits = first === 'wait';
  const given = await readWords(waits ? others : [first, ...others].filter((word) => word !== undefined));
  const words = waits ? waitingFor(given) : given;
  const plan = planOf(words);
  checkWish(words.values, plan, waits);
  return { act: waits ? wait : show, words, plan };
}

async function readWishOrExplain(): Promise<Wish | undefined> {
  try {
    return await readWish(process.argv.slice(2));
  } catch (error) {
    const { message } = error as Error;
    const advice = error instanceof FilterSyntaxError ? '' : ' (sockdiag --help tells what there is)';
    console.error(`sockdiag: ${message.split('\n')[0]}${advice}`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}

async function main(): Promise<void> {
  const wish = await readWishOrExplain();
  if (wish === undefined) return;
  const { act, words, plan } = wish;
  if (words.values.help) return print(HELP);
  if (words.values.version) return print(`${version()}\n`);
  try {
    await act(plan, words);
  } catch (error) {
    if (!(error instanceof SockDiagError) && !isOfSystem(error)) throw error;
    complain(error);
  }
}

/** Such as a file that is not there. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function complain({ message }: Error): void {
  console.error(`sockdiag: ${message}`);
  process.exitCode = EXIT_FAILURE;
}

// Whoever reads us may have read enough (`sockdiag -ta | head`): no reason to complain.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  complain(error);
  process.exit();
});

await main();
