#!/usr/bin/env node
/** The command. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

import { FilterSyntaxError } from '../filter/error.js';
import { SockDiagError } from '../netlink/errors.js';
import type { Direct } from './direct.js';
import { HELP } from './help.js';
import { readWords, type Values, type Words } from './options.js';
import { type Batches, jsonLine, jsonLines, type Pick, print, printJson, say } from './output.js';
import { type Plan, planOf } from './plan.js';
import { checkDumps, readMessages, readRecords } from './read.js';
import { readSummary, summaryText } from './summary.js';
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
const loadFields = (): Promise<typeof import('./fields.js')> => import('./fields.js');
const loadFieldsTable = (): Promise<typeof import('./fields-table.js')> => import('./fields-table.js');
const loadRecording = (): Promise<typeof import('./recording.js')> => import('./recording.js');
const loadExporter = (): Promise<typeof import('./exporter/exporter.js')> => import('./exporter/exporter.js');
const loadExporterWish = (): Promise<typeof import('./exporter/wish.js')> => import('./exporter/wish.js');
const loadTop = (): Promise<typeof import('./top/top.js')> => import('./top/top.js');
const loadTopWish = (): Promise<typeof import('./top/wish.js')> => import('./top/wish.js');

async function batchesOf(plan: Plan, { values }: Words, direct?: Direct): Promise<Batches> {
  if (values.from !== undefined) return (await loadRecording()).recorded(values.from, plan);
  if (values.kill) return (await loadKill()).ended(readRecords(plan, values, complain));
  return readRecords(plan, values, complain, direct);
}

async function show(plan: Plan, words: Words): Promise<void> {
  const { values } = words;
  if (values.summary) {
    const summary = readSummary();
    await print(values.json ? jsonLine(summary) : summaryText(summary));
    if (!plan.isChosen) return;
  }
  if (values.diag !== undefined) {
    await (await loadRecording()).record(readMessages(plan, values, complain), values.diag);
  } else if (values.events) await (await loadEvents()).printEvents(plan, values, complain);
  else if (values.json) await printJson(await batchesOf(plan, words), await pickFor(values));
  else if (values.fields !== undefined)
    await (await loadFieldsTable()).printFields(await batchesOf(plan, words), values.fields, values);
  else await printTable((direct) => batchesOf(plan, words, direct), plan, values);
}

/** Of all, what --fields names. */
async function pickFor({ fields: names }: Values): Promise<Pick> {
  if (names === undefined) return (record) => record;
  const { fieldsOf, picked } = await loadFields();
  const fields = fieldsOf(names);
  return (record) => picked(record, fields);
}

async function wait(plan: Plan, words: Words): Promise<void> {
  const { values } = words;
  const found = await waitFor(() => batchesOf(plan, words), {
    isGone: values.gone === true,
    limit: limitOf(values),
  });
  if (found === undefined) process.exitCode = EXIT_TIMEOUT;
  else if (values.json) await print(jsonLines(found, await pickFor(values)));
}

async function top(plan: Plan, words: Words): Promise<void> {
  await (await loadTop()).top(plan, words, complain);
}

interface Wish {
  act: (plan: Plan, words: Words) => Promise<void>;
  words: Words;
  plan: Plan;
}

/** Of a command that takes no options. */
async function completion(shells: readonly string[]): Promise<Wish> {
  const script = (await import('./completion/completion.js')).completionFor(shells);
  const words: Words = { values: {}, filter: '' };
  return { act: () => print(script), words, plan: planOf(words) };
}

async function readTopWish(others: readonly string[]): Promise<Wish> {
  const { checkTop, topWords } = await loadTopWish();
  const words = topWords(await readWords(others));
  const plan = planOf(words);
  checkTop(plan);
  return { act: top, words, plan };
}

async function exporter(plan: Plan, words: Words): Promise<void> {
  await (await loadExporter()).runExporter(plan, words, version());
}

async function readExporterWish(others: readonly string[]): Promise<Wish> {
  const { checkExporter, exporterWords } = await loadExporterWish();
  const words = exporterWords(await readWords(others));
  checkExporter(words.values);
  return { act: exporter, words, plan: planOf(words) };
}

async function readWish([first, ...others]: readonly string[]): Promise<Wish> {
  if (first === 'completion') return completion(others);
  if (first === 'top') return readTopWish(others);
  if (first === 'exporter') return readExporterWish(others);
  const waits = first === 'wait';
  const given = await readWords(waits ? others : [first, ...others].filter((word) => word !== undefined));
  const words = waits ? waitingFor(given) : given;
  const plan = planOf(words);
  checkWish(words.values, plan, waits);
  checkDumps(plan, words.values);
  const { fields } = words.values;
  if (fields !== undefined) (await loadFields()).checkFields(fields, plan, words.values);
  return { act: waits ? wait : show, words, plan };
}

async function readWishOrExplain(): Promise<Wish | undefined> {
  try {
    return await readWish(process.argv.slice(2));
  } catch (error) {
    const { message } = error as Error;
    const advice = error instanceof FilterSyntaxError ? '' : ' (sockdiag --help tells what there is)';
    say(`${message.split('\n')[0]}${advice}`);
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
  say(message);
  process.exitCode = EXIT_FAILURE;
}

// Whoever reads us may have read enough (`sockdiag -ta | head`): no reason to complain.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  complain(error);
  process.exit();
});

await main();
