/**
 * docs/records.schema.json fits every record there is, written as the command writes it: of recordings, of text tables and
 * of living sockets. And nothing else.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { afterEach, describe, expect, test } from 'vitest';

import { jsonLine } from '../lib/cli/output.js';
import {
  type DestroyedEvent,
  type Dump,
  decode,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUnix,
  type EventsLost,
  watchDestroyed,
} from '../lib/index.js';
import * as proc from '../lib/proc/index.js';
import { lackOfWorld, skip } from './tools.js';
import { startLinkWorld } from './world/link_world.js';
import { Stage } from './world/stage.js';
import { run, startWorld } from './world/world.js';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

interface Definition {
  $ref?: string;
  oneOf?: readonly Definition[];
  description?: string;
  items?: Definition;
  properties?: Readonly<Record<string, Definition>>;
  required?: readonly string[];
}

const ROOT = join(import.meta.dirname, '..');
const FIXTURES = join(import.meta.dirname, 'fixtures');
const COMMAND = join(ROOT, 'dist/cli/main.js');

const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'docs/records.schema.json'), 'utf8')) as {
  oneOf: { $ref: string }[];
  $defs: Record<string, Definition>;
};
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: false });
ajv.addSchema(SCHEMA as AnySchema, 'records');

/** What is wrong with a value, or undefined if nothing is. */
function complaint(value: unknown, kind?: string): unknown {
  const fits = ajv.getSchema(kind === undefined ? 'records' : `records#/$defs/${kind}`);
  if (fits === undefined) throw new Error(`the schema has no ${kind}`);
  return fits(value) ? undefined : fits.errors;
}

const KINDS = SCHEMA.oneOf.map(({ $ref }) => $ref.replace('#/$defs/', ''));

/** Records that were seen, by kind: the one that tells most. */
const seen = new Map<string, JsonObject>();

const kindOf = (value: Json): string | undefined =>
  KINDS.find((kind) => complaint(value, kind) === undefined);

/** Every line must fit, and is remembered. */
function expectLines(lines: readonly string[]): void {
  for (const line of lines) {
    const value = JSON.parse(line) as JsonObject;
    expect(complaint(value), line).toBeUndefined();
    const kind = kindOf(value) as string;
    const known = seen.get(kind);
    if (known === undefined || JSON.stringify(known).length < line.length) seen.set(kind, value);
  }
}

async function expectRecords(dump: Dump<object>): Promise<number> {
  const records = await dump.toArray();
  expectLines(records.map(jsonLine));
  return records.length;
}

/** Nothing but names of flags. */
const FLAGS: readonly string[] = ['SmcProdFlags', 'SmcConnStateFlags', 'XdpUmemFlags'];

test('the schema is in the package', () => {
  const { resolve } = createRequire(import.meta.url);
  expect(resolve('sockdiag/records.schema.json')).toBe(join(ROOT, 'docs/records.schema.json'));
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(files).toContain('docs/records.schema.json');
});

test('the schema tells what each property is', () => {
  const untold = Object.entries(SCHEMA.$defs)
    .filter(([kind]) => !FLAGS.includes(kind))
    .flatMap(([kind, { properties = {} }]) =>
      Object.entries(properties)
        .filter(([, { description = '' }]) => description === '')
        .map(([name]) => `${kind}.${name}`),
    );
  expect(untold).toEqual([]);
});

describe.each(readdirSync(FIXTURES).filter((name) => name.startsWith('linux-')))(
  'recordings of %s',
  (kernel) => {
    const files = readdirSync(join(FIXTURES, kernel)).filter((name) => name.endsWith('.netlink'));

    test.each(files)('%s', async (file) => {
      const bytes = readFileSync(join(FIXTURES, kernel, file));
      expect(await expectRecords(decode(bytes))).toBeGreaterThan(5);
      await expectRecords(decode(bytes, { show: ['md5sig'] }));
    });
  },
);

/** All that a table can tell. */
const PROC: Readonly<Record<string, (root: string) => Dump<object>>> = {
  tcp: (root) => proc.dumpTcp({ root, show: ['info'] }),
  udp: (root) => proc.dumpUdp({ root, show: ['skmeminfo'] }),
  udplite: (root) => proc.dumpUdpLite({ root, show: ['skmeminfo'] }),
  raw: (root) => proc.dumpRaw({ root, show: ['skmeminfo'] }),
  icmp: (root) => proc.dumpIcmp({ root, show: ['skmeminfo'] }),
  unix: (root) => proc.dumpUnix({ root }),
  packet: (root) => proc.dumpPacket({ root }),
  netlink: (root) => proc.dumpNetlink({ root }),
  pfkey: (root) => proc.dumpPfKey({ root }),
};

/** Of WSL 1 they are empty, which is an error. */
const tables = readdirSync(join(FIXTURES, 'proc')).filter(
  (name) => name !== 'wsl1' && existsSync(join(FIXTURES, 'proc', name, 'net')),
);

test.each(tables)('text tables of %s', async (folder) => {
  const files = readdirSync(join(FIXTURES, 'proc', folder, 'net'));
  let records = 0;
  for (const [kind, dump] of Object.entries(PROC)) {
    const names = kind === 'pfkey' ? ['pfkey', 'pf_key'] : [kind, `${kind}6`];
    if (files.some((file) => names.includes(file))) {
      records += await expectRecords(dump(join(FIXTURES, 'proc', folder)));
    }
  }
  expect(records).toBeGreaterThan(0);
});

describe.skipIf(lackOfWorld())('living sockets', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  test('what the command prints of the varied world', async () => {
    const world = await startWorld();
    ends.push(() => world.stop());
    const output = await run(world.pid, process.execPath, [COMMAND, '-a', '--json']);
    const lines = output.trimEnd().split('\n');
    // Bound sockets that do nothing are not among all.
    const told = world.expect.filter(({ label }) => !label.startsWith('bound-inactive'));
    expect(lines.length).toBeGreaterThanOrEqual(told.filter(({ protocol }) => protocol !== 'udplite').length);
    expectLines(lines);
  });

  test('all that can be shown of the varied world', async () => {
    const { pid: netns, stop } = await startWorld();
    ends.push(stop);
    const inet = ['meminfo', 'tos', 'tclass', 'classId', 'skmeminfo'] as const;
    const common = { netns: [netns], owners: true };
    const tcp = ['info', 'md5sig', 'ulpInfo', 'vegasinfo', 'dctcpinfo', 'bbrinfo', 'cong'] as const;
    expect(await expectRecords(dumpTcp({ ...common, show: [...inet, ...tcp] }))).toBeGreaterThan(0);
    expect(await expectRecords(dumpUdp({ ...common, show: inet }))).toBeGreaterThan(0);
    expect(await expectRecords(dumpUnix(common))).toBeGreaterThan(0);
  });

  test.each([
    [
      'packet',
      (netns: number) =>
        dumpPacket({ netns, show: ['info', 'mclist', 'ringCfg', 'fanout', 'meminfo', 'filter'] }),
    ],
    ['netlink', (netns: number) => dumpNetlink({ netns, show: ['meminfo', 'groups', 'ringCfg', 'flags'] })],
  ] as const)('%s sockets', async (kind, dump) => {
    const world = await startLinkWorld(kind);
    ends.push(() => world.stop());
    expect(await expectRecords(dump(world.pid))).toBeGreaterThanOrEqual(world.expect.length);
  });

  test.each(['tcp', 'udp'] as const)('the end of a socket of %s', async (protocol) => {
    const stage = await Stage.open();
    ends.push(() => stage.close());
    const watcher = watchDestroyed({ netns: stage.pid, protocols: [protocol] });
    ends.push(async () => watcher.close());
    await stage.run(`
      gone = socket.socket(socket.AF_INET, socket.SOCK_${protocol === 'tcp' ? 'STREAM' : 'DGRAM'})
      gone.bind(('127.0.0.1', 0))
      gone.close()`);
    const { value } = await watcher.next();
    expect(value).toMatchObject({ type: 'destroyed', socket: { protocol } });
    expectLines([jsonLine(value as DestroyedEvent)]);
  });
});

test('events that were lost', () => {
  const lost: EventsLost[] = [
    { type: 'lost', reason: 'kernel' },
    { type: 'lost', reason: 'queue', count: 3 },
  ];
  expectLines(lost.map(jsonLine));
});

/** What is in it, itself included, by its path. */
function inside(value: Json, path: string[] = []): { value: Json; path: string[] }[] {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [{ value, path }, ...parts.flatMap(([name, part]) => inside(part, [...path, name]))];
}

/** A copy, in which a place holds another value; nothing at all if that is undefined. */
function changed(record: Json, [name, ...rest]: readonly string[], value: Json | undefined): Json {
  if (name === undefined) return value as Json;
  const copy = structuredClone(record) as JsonObject;
  if (value === undefined && rest.length === 0) delete copy[name];
  else copy[name] = changed(copy[name] as Json, rest, value);
  return copy;
}

/** Values of every type but that of this one. No number has a fraction, but for one time stamp. */
function others(value: Json): Json[] {
  const all: Json[] = [{ surplus: 1 }, [{}], true, 0.5, '?'];
  const typeOf = (one: Json): string => (Array.isArray(one) ? 'array' : typeof one);
  // What is null is `Infinity`.
  return all.filter((one) => one === 0.5 || value === null || typeOf(one) !== typeOf(value));
}

/** The schema of a place in a record. */
function schemaAt(kind: string, path: readonly string[]): Definition {
  let schema = SCHEMA.$defs[kind] as Definition;
  for (const name of path) {
    const fitting = schema.oneOf?.map(resolved) ?? [schema];
    const parts = fitting.map(({ properties, items }) => properties?.[name] ?? items);
    schema = resolved(parts.find((part) => part !== undefined) ?? {});
  }
  return schema;
}

function resolved(schema: Definition): Definition {
  return schema.$ref === undefined
    ? schema
    : (SCHEMA.$defs[schema.$ref.replace('#/$defs/', '')] as Definition);
}

/** Of which there is no recording. */
const LIVING: readonly string[] = ['UnixDiagMsg', 'PacketDiagMsg', 'NetlinkDiagMsg', 'SocketDestroyed'];

describe('what is no record', () => {
  test.each(KINDS)('%s: a property that is missing, of another type, or one too many', (kind) => {
    if (seen.get(kind) === undefined && LIVING.includes(kind) && lackOfWorld())
      return void skip(`${kind} needs sockets that live`);
    const record = seen.get(kind) as JsonObject;
    expect(record, 'was never seen').toBeDefined();
    expect(complaint(record)).toBeUndefined();
    const refused = (path: readonly string[], value: Json | undefined): void => {
      const text = `${path.join('.')} as ${JSON.stringify(value)} in ${JSON.stringify(record)}`;
      expect(complaint(changed(record, path, value)), text).toBeDefined();
    };
    for (const { value, path } of inside(record)) {
      const { required = [], ...schema } = schemaAt(kind, path);
      const isNamed = 'enum' in schema || 'const' in schema || 'anyOf' in schema;
      for (const other of [...others(value), ...(isNamed ? ['?'] : [])]) {
        if (other !== 0.5 || `${kind}.${path}` !== 'PfKeyMsg.stamp') refused(path, other);
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
      refused([...path, 'surplus'], 1);
      for (const name of required) refused([...path, name], undefined);
    }
  });

  test('a record of the one protocol that says that it is of another', () => {
    const record = seen.get('UdpDiagMsg') as JsonObject;
    expect(kindOf({ ...record, protocol: 'udplite' })).toBe('UdpLiteDiagMsg');
    for (const change of [{ protocol: 'icmp' }, { family: 'unix' }, { source: 'proc' }, { rawProtocol: 17 }])
      expect(complaint({ ...record, ...change }), JSON.stringify(change)).toBeDefined();
  });
});
