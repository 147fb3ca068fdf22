/**
 * Tables of /proc/net of which some bytes are others, read as files: records, and maybe an error of this library behind
 * them; and what one line has changes nothing of the records of others.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import {
  dumpIcmp,
  dumpNetlink,
  dumpPacket,
  dumpPfKey,
  dumpRaw,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
} from '../../lib/proc/index.js';
import type { Random } from '../filter/random.js';
import { mutated } from './bytes.js';
import { type Outcome, outcomeOf, summary } from './outcomes.js';
import { cuts, Finding, promised, type Target } from './target.js';

type Read = (root: string) => Iterable<unknown>;

const READERS: Readonly<Record<string, Read>> = {
  tcp: (root) => dumpTcp({ root, family: 'inet', show: ['info'] }),
  tcp6: (root) => dumpTcp({ root, family: 'inet6', show: ['info'] }),
  udp: (root) => dumpUdp({ root, family: 'inet', show: ['skmeminfo'] }),
  udp6: (root) => dumpUdp({ root, family: 'inet6', show: ['skmeminfo'] }),
  udplite: (root) => dumpUdpLite({ root, family: 'inet' }),
  udplite6: (root) => dumpUdpLite({ root, family: 'inet6' }),
  raw: (root) => dumpRaw({ root, family: 'inet' }),
  raw6: (root) => dumpRaw({ root, family: 'inet6' }),
  icmp: (root) => dumpIcmp({ root, family: 'inet' }),
  icmp6: (root) => dumpIcmp({ root, family: 'inet6' }),
  unix: (root) => dumpUnix({ root }),
  packet: (root) => dumpPacket({ root }),
  netlink: (root) => dumpNetlink({ root }),
  pfkey: (root) => dumpPfKey({ root }),
  pf_key: (root) => dumpPfKey({ root }),
};

interface Table {
  name: string;
  header: Buffer;
  lines: Buffer[];
}

/** The name of a table, its header, a line before, what was changed, and a line behind. */
type Input = readonly [name: string, header: Buffer, before: Buffer, changed: Buffer, behind: Buffer];

const NEWLINE = 0x0a;
const FIXTURES = join(process.cwd(), 'test/fixtures/proc');

const UNIX_START = /^\w+: [\dA-F]{8} [\dA-F]{8} [\dA-F]{8} [\dA-F]{4} [\dA-F]{2} +\d+( |$)/;

const TABLES: readonly Table[] = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: kernel }) => readdirSync(join(FIXTURES, kernel, 'net')).map((name) => ({ kernel, name })))
  .filter(({ name }) => Object.hasOwn(READERS, name))
  .map(({ kernel, name }) => tableOf(name, readFileSync(join(FIXTURES, kernel, 'net', name))))
  .filter(({ lines }) => lines.length > 0);

/** Each behind the name of its table. */
const HEADERS: ReadonlySet<string> = new Set(
  TABLES.map(({ name, header }) => name + header.toString('latin1')),
);

function tableOf(name: string, bytes: Buffer): Table {
  const [header = Buffer.alloc(0), ...lines] = linesOf(bytes);
  // A name of a unix socket may have line breaks: what goes on with a line is no line to begin with.
  const whole = name === 'unix' ? lines.filter((line) => UNIX_START.test(line.toString('latin1'))) : lines;
  return { name, header, lines: whole };
}

/** With their ends. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at);
    const next = end < 0 ? bytes.length : end + 1;
    lines.push(bytes.subarray(at, next));
    at = next;
  }
  return lines;
}

const PIECES = Buffer.from(
  ' 0 1 -1 00000000 FFFFFFFF 0100007F:0050 : 4294967296 99999999999999999999 0x1 \t \0 \xff @',
  'latin1',
);

function make(random: Random): Input {
  const { name, header, lines } = random.pick(TABLES);
  const [before, line, behind] = [0, 1, 2].map(() => random.pick(lines)) as [Buffer, Buffer, Buffer];
  const other = random.chance(0.5) ? PIECES : random.pick(random.pick(TABLES).lines);
  if (random.chance(0.02)) return [name, mutated(random, header, other), before, line, behind];
  const ending = random.chance(0.9) ? '\n' : '';
  const changed = mutated(random, line.subarray(0, -1), other);
  return [name, header, before, Buffer.concat([changed, Buffer.from(ending)]), behind];
}

/** Those that are read together, whichever of them is asked for. */
const TOGETHER: readonly (readonly string[])[] = [
  ['pfkey', 'pf_key'],
  ['icmp', 'icmp6'],
];

let root: string | undefined;

/** The root of a tree with this table in it. */
function treeOf(name: string, parts: readonly Buffer[]): string {
  root ??= mkdtempSync(join(tmpdir(), 'sockdiag-fuzz-'));
  for (const other of TOGETHER.find((names) => names.includes(name)) ?? []) {
    rmSync(join(root, 'net', other), { force: true });
  }
  mkdirSync(join(root, 'net'), { recursive: true });
  writeFileSync(join(root, 'net', name), Buffer.concat(parts));
  return root;
}

function read(name: string, ...parts: readonly Buffer[]): Outcome {
  const reader = READERS[name] as Read;
  return outcomeOf(() => reader(treeOf(name, parts)));
}

const known = new Map<string, string>();

/** Of a line that nobody has changed, under its own header. */
function recordOf(name: string, header: Buffer, line: Buffer): string {
  const key = `${name} ${header.toString('latin1')}${line.toString('latin1')}`;
  const { records, error } = known.has(key)
    ? { records: [known.get(key)], error: undefined }
    : read(name, header, line);
  const [record] = records;
  if (record === undefined) throw new Finding('a line as a kernel wrote it is a record', { cause: error });
  known.set(key, record);
  return record;
}

function check([name, header, before, changed, behind]: Input): string {
  const all = read(name, header, before, changed, behind);
  if (HEADERS.has(name + header.toString('latin1'))) {
    const [first, last] = [before, behind].map((line) => recordOf(name, header, line));
    // Without its line break, it goes on in the next one; and a name of a unix socket goes on by itself.
    const isBehind = changed.at(-1) === NEWLINE && all.error === undefined;
    const isBefore = name !== 'unix' && all.records.length > 0;
    promised(!isBefore || all.records[0] === first, 'the line before has its record', all.records[0], first);
    promised(!isBehind || all.records.at(-1) === last, 'the line behind has its record', all.records, last);
  }
  return `${name}: ${summary(all)}`;
}

function* smaller([name, header, before, changed, behind]: Input): Iterable<Input> {
  for (const less of cuts(changed, (a, b) => Buffer.concat([a, b])))
    yield [name, header, before, less, behind];
}

/** As the file would be, behind a line with its name. */
function encode([name, ...parts]: Input): Uint8Array {
  const lengths = parts.map(({ length }) => length).join(' ');
  return Buffer.concat([Buffer.from(`${name} ${lengths}\n`), ...parts]);
}

function decode(bytes: Uint8Array): Input {
  const all = Buffer.from(bytes);
  const end = all.indexOf(NEWLINE);
  const [name = '', ...lengths] = all.toString('latin1', 0, end).split(' ');
  let at = end + 1;
  const parts = lengths.map((length) => {
    at += Number(length);
    return all.subarray(at - Number(length), at);
  });
  return [name, ...parts] as unknown as Input;
}

const target: Target<Input> = {
  of: ['lib/proc/'],
  make,
  check,
  smaller,
  encode,
  decode,
  close: () => root !== undefined && rmSync(root, { recursive: true, force: true }),
};
export default target;
