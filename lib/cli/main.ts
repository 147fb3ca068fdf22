#!/usr/bin/env node
/** The command. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

import { type Dump, dumpTcp, dumpUdp, dumpUnix, type InetDiagMsg, type UnixDiagMsg } from '../index.js';
import { SockDiagError } from '../netlink/errors.js';
import { HELP, type Kind, readArguments, type Wish } from './arguments.js';
import { table } from './table.js';

type AnySocket = InetDiagMsg | UnixDiagMsg;

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

function dumpOf(kind: Kind, { family, states }: Wish): Dump<AnySocket> {
  if (kind === 'unix') return dumpUnix({ states: states.unix });
  const options = { family, states: states.inet };
  return kind === 'tcp' ? dumpTcp(options) : dumpUdp(options);
}

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

async function printJson(wish: Wish): Promise<void> {
  for (const kind of wish.kinds) {
    for await (const sockets of dumpOf(kind, wish).batches()) {
      await print(sockets.map((socket) => `${JSON.stringify(socket, forJson)}\n`).join(''));
    }
  }
}

async function printTable(wish: Wish): Promise<void> {
  const sockets: AnySocket[] = [];
  for (const kind of wish.kinds) {
    for await (const batch of dumpOf(kind, wish).batches()) for (const socket of batch) sockets.push(socket);
  }
  let text = '';
  for (const line of table(sockets)) {
    text += `${line}\n`;
    if (text.length < 65536) continue;
    await print(text);
    text = '';
  }
  await print(text);
}

function readWish(): Wish | undefined {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`sockdiag: ${(error as Error).message} (sockdiag --help tells what there is)`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}

async function main(): Promise<void> {
  const wish = readWish();
  if (wish === undefined) return;
  if (wish.help) return print(HELP);
  if (wish.version) return print(`${version()}\n`);
  try {
    await (wish.json ? printJson(wish) : printTable(wish));
  } catch (error) {
    if (!(error instanceof SockDiagError)) throw error;
    console.error(`sockdiag: ${error.message}`);
    process.exitCode = EXIT_FAILURE;
  }
}

// Whoever reads us may have read enough (`sockdiag -ta | head`): no reason to complain.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await main();
