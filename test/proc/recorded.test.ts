/**
 * Tables that were recorded under several kernels, beside what the makers of the sockets knew; and tables in the form of
 * kernels and programs that do not run here, beside what was worked out by hand. See test/fixtures/proc/README.md.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { Dump } from '../../lib/index.js';
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

const FOLDER = join(import.meta.dirname, '../fixtures/proc');

type Row = Readonly<Record<string, unknown>>;

const inet = { family: 'inet' } as const;
const inet6 = { family: 'inet6' } as const;
const show = { show: ['skmeminfo'] } as const;

/** What reads each file, alone. */
const DUMPS: Readonly<Record<string, (root: string) => Dump<object>>> = {
  tcp: (root) => dumpTcp({ root, ...inet }),
  tcp6: (root) => dumpTcp({ root, ...inet6 }),
  udp: (root) => dumpUdp({ root, ...inet, ...show }),
  udp6: (root) => dumpUdp({ root, ...inet6, ...show }),
  udplite: (root) => dumpUdpLite({ root, ...inet, ...show }),
  udplite6: (root) => dumpUdpLite({ root, ...inet6, ...show }),
  raw: (root) => dumpRaw({ root, ...inet, ...show }),
  raw6: (root) => dumpRaw({ root, ...inet6, ...show }),
  icmp: (root) => dumpIcmp({ root, ...inet, ...show }),
  icmp6: (root) => dumpIcmp({ root, ...inet6, ...show }),
  unix: (root) => dumpUnix({ root }),
  packet: (root) => dumpPacket({ root }),
  netlink: (root) => dumpNetlink({ root }),
  pfkey: (root) => dumpPfKey({ root }),
  pf_key: (root) => dumpPfKey({ root }),
};

const read = (folder: string, file: string): Promise<Row[]> =>
  (DUMPS[file] as (root: string) => Dump<Row>)(join(FOLDER, folder)).toArray();

const parse = (folder: string, file: string) => JSON.parse(readFileSync(join(FOLDER, folder, file), 'utf8'));

const folders = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'net')));
const withFile = (file: string): string[] => folders.filter((name) => existsSync(join(FOLDER, name, file)));

/** A record has one of these for each name of a column. */
function named({ nameHex, textHex, drops, ...row }: Row): Row {
  const bytes = Buffer.from(String(textHex ?? nameHex ?? ''), 'hex');
  const isAbstract = bytes[0] === 0 || textHex !== undefined;
  const text = isAbstract ? bytes.toString('utf8').replaceAll('\0', '@') : bytes.toString('utf8');
  return {
    ...row,
    ...(nameHex === undefined ? {} : { name: text }),
    ...(drops === undefined || row['family'] === 'netlink' ? {} : { skmeminfo: { drops } }),
  };
}

/** What tells sockets apart: those without an inode by their addresses, or not at all. */
const identityOf = ({ family, state, src, sport, dst, dport, inode, portid, name }: Row): string =>
  JSON.stringify([
    family,
    state,
    src,
    sport,
    dst,
    dport ?? null,
    inode,
    portid,
    inode === 0 ? name : undefined,
  ]);

const byIdentity = (rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => identityOf(a).localeCompare(identityOf(b)));

/** What makers know, and the text of the file does not tell. */
const UNTOLD: Readonly<Record<string, readonly string[]>> = {
  unix: ['protocol', 'uid', 'rqueue', 'wqueue'],
  packet: ['protocol'],
};

/** What a maker knows of a socket, in the words of its record. */
function made({ file, label, backlog, phantom, ...row }: Row): Row {
  const { meminfo, groups, ...rest } = named(row);
  // Of raw sockets that are connected, the text does not tell to which port.
  const isConnectedRaw = row['protocol'] === 'raw' && row['state'] === 'ESTABLISHED';
  const untold = isConnectedRaw ? ['dport'] : (UNTOLD[file as string] ?? []);
  const known = Object.entries(rest).filter(([name]) => !untold.includes(name));
  // The text has the first 32 groups.
  const few = ((groups ?? []) as number[]).filter((group) => group <= 32);
  return {
    ...Object.fromEntries(known),
    ...(few.length === 0 ? {} : { groups: few }),
    ...(file === 'pfkey' ? pfkey(meminfo as Row) : meminfo === undefined ? {} : { meminfo }),
  };
}

/** They are columns there. */
const pfkey = ({ rmemAlloc, wmemAlloc }: Row): Row => ({ family: 'key', rmem: rmemAlloc, wmem: wmemAlloc });

describe.each(withFile('ledger.json'))('%s', (folder) => {
  const ledger: { files: string[]; sockets: Row[] } = parse(folder, 'ledger.json');

  test.each(ledger.files)('%s: exactly the sockets that were made, as they were made', async (file) => {
    const expected = byIdentity(ledger.sockets.filter((socket) => socket['file'] === file).map(made));
    const all = await read(folder, file);
    // The kernel's own have no address, and nobody made them.
    const records = byIdentity(all.filter(({ family, portid }) => family !== 'netlink' || portid !== 0));
    expect(expected.length).toBeGreaterThan(2);
    expect(records.map(identityOf)).toEqual(expected.map(identityOf));
    expect(records).toMatchObject(expected);
  });
});

describe.each(withFile('expected.json').filter((name) => name !== 'wsl1'))('%s', (folder) => {
  const expected: Record<string, Row[]> = parse(folder, 'expected.json');

  test.each(Object.keys(expected))('%s: the records that were worked out by hand', async (file) => {
    const records = await read(folder, file);
    const rows = (expected[file] as Row[]).map((row) =>
      file === 'pf_key' ? klips(row) : made({ ...row, file }),
    );
    expect(records).toMatchObject(rows);
    expect(records).toHaveLength(rows.length);
    records.forEach((record, i) => {
      // What the text does not tell is absent.
      for (const name of ['wqueue', 'dport', 'inode', 'skmeminfo', 'name', 'groups']) {
        expect(name in record, `${i} ${name}`).toBe(name in (rows[i] as Row));
      }
    });
  });
});

const NAMES: Readonly<Record<string, string>> = { sock: 'sk', error: 'err', reuse: 'reused' };
const FLAGS: readonly string[] = ['dead', 'reuse', 'zapped'];
const TYPES: Readonly<Record<number, string>> = { 3: 'raw' };
const STATES: Readonly<Record<number, string>> = { 1: 'UNCONNECTED', 3: 'CONNECTED' };

/** From columns and their numbers to what records have. */
function klips({ family: _, stamp, type, state, ...row }: Row): Row {
  const columns = Object.entries(row).map(([name, value]) => [
    NAMES[name] ?? name,
    FLAGS.includes(name) ? value === 1 : value,
  ]);
  return {
    ...Object.fromEntries(columns),
    family: 'key',
    table: 'pf_key',
    type: TYPES[type as number],
    state: STATES[state as number],
    ...(stamp === undefined ? {} : { stamp: Number(stamp) }),
  };
}

test.each(['tcp', 'tcp6', 'udp', 'udp6'])(
  'WSL 1 has a %s of nothing, which is no empty list',
  async (file) => {
    await expect(read('wsl1', file)).rejects.toMatchObject({
      code: 'EBADMSG',
      message: expect.stringMatching(/has no header: it is empty, .*WSL 1/),
    });
  },
);
