#!/usr/bin/env node
/** The command. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

import { FilterSyntaxError } from '../filter/error.js';
import { SockDiagError } from '../netlink/errors.js';
import { Context } from './context.js';
import { HELP } from './help.js';
import { layOut, type Row } from './layout.js';
import { readWords, type Words } from './options.js';
import { columnsOf, type Plan, planOf } from './plan.js';
import { readRecords } from './read.js';
import { rowOf } from './row.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Bytes as hexadecimal text: as an array of numbers nobody could read them. */
function forJson(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** Writes as fast as the reader takes it, and not faster. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** One record a line, as they come. */
async function printJson(plan: Plan, words: Words): Promise<void> {
  for await (const records of readRecords(plan, words.values, complain)) {
    await print(records.map((record) => `${JSON.stringify(record, forJson)}\n`).join(''));
  }
}

async function printTable(plan: Plan, { values }: Words): Promise<void> {
  const context = new Context(values);
  const rows: Row[] = [];
  for await (const records of readRecords(plan, values, complain)) {
    for (const record of records) rows.push(rowOf(record, context));
  }
  let text = '';
  for (const line of layOut(rows, { ...columnsOf(plan), header: values['no-header'] !== true })) {
    text += `${line}\n`;
    if (text.length < 65536) continue;
    await print(text);
    text = '';
  }
  await print(text);
}

interface Wish {
  words: Words;
  plan: Plan;
}

function readWish(): Wish | undefined {
  try {
    const words = readWords(process.argv.slice(2));
    return { words, plan: planOf(words) };
  } catch (error) {
    const { message } = error as Error;
    const advice = error instanceof FilterSyntaxError ? '' : ' (sockdiag --help tells what there is)';
    console.error(`sockdiag: ${message.split('\n')[0]}${advice}`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}

async function main(): Promise<void> {
  const wish = readWish();
  if (wish === undefined) return;
  const { words, plan } = wish;
  if (words.values.help) return print(HELP);
  if (words.values.version) return print(`${version()}\n`);
  try {
    await (words.values.json ? printJson(plan, words) : printTable(plan, words));
  } catch (error) {
    if (!(error instanceof SockDiagError)) throw error;
    complain(error);
  }
}

function complain({ message }: Error): void {
  console.error(`sockdiag: ${message}`);
  process.exitCode = EXIT_FAILURE;
}

// Whoever reads us may have read enough (`sockdiag -ta | head`): no reason to complain.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await main();
