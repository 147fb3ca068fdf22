/** Messages that other kernels sent, of sockets that this machine may not have: they say what was made there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { decode } from '../lib/index.js';
import { messagesOf } from './fuzz/recordings.js';
import { disagreements, type Made } from './kernels/agreement.mjs';
import { fieldsOf } from './kernels/fields.mjs';
import { KERNELS, type Kernel } from './kernels/kernels.mjs';

const FOLDER = join(import.meta.dirname, 'fixtures');
const KINDS = [
  ...['dccp', 'mptcp', 'netlink', 'packet', 'raw', 'sctp', 'smc', 'tcp', 'tipc', 'udp', 'udplite', 'unix'],
  ...['vsock', 'xdp'],
];

/** How many bytes of a recording are damaged, one at a time. */
const DAMAGES = 150;

const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_MULTI = 2;

/** A part of an answer, which is about one socket. */
const isSocket = (message: Uint8Array): boolean => {
  const header = Buffer.from(message);
  return header.readUInt16LE(4) === SOCK_DIAG_BY_FAMILY && (header.readUInt16LE(6) & NLM_F_MULTI) !== 0;
};

test('there are recordings of each kernel, and of all kinds', () => {
  const folders = readdirSync(FOLDER).filter((name) => name.startsWith('linux-'));
  expect(folders.sort()).toEqual(KERNELS.map(({ name }) => `linux-${name}`).sort());
  expect(KERNELS.some(({ lacks }) => Object.keys(lacks).length === 0)).toBe(true);
});

describe.each(KERNELS.map((kernel) => [kernel.name, kernel] as const))('linux-%s', (name, { lacks }) => {
  const folder = join(FOLDER, `linux-${name}`);
  const made = JSON.parse(readFileSync(join(folder, 'sockets.json'), 'utf8')) as Made[];
  const kinds = KINDS.filter((kind) => !(kind in lacks));

  test('has the kinds that this kernel tells of', () => {
    const files = [...kinds.map((kind) => `${kind}.netlink`), 'sockets.json'];
    expect(readdirSync(folder).sort()).toEqual(files.sort());
  });

  test.each(kinds)('%s: exactly the sockets that were made, as they were made', async (kind) => {
    const bytes = readFileSync(join(folder, `${kind}.netlink`));
    const records = await decode(bytes, { show: ['md5sig'] }).toArray();
    const expected = made.filter((socket) => socket.kind === kind);
    expect(expected.length).toBeGreaterThan(5);
    expect(disagreements(expected, records)).toEqual([]);
  });

  test.each(kinds)('%s: what the kernel tells twice is given once', async (kind) => {
    const bytes = readFileSync(join(folder, `${kind}.netlink`));
    const twice = messagesOf(bytes).flatMap((message) =>
      isSocket(message) ? [message, message] : [message],
    );
    const records = await decode(bytes).toArray();
    expect(twice.length).toBeGreaterThan(records.length);
    expect(await decode(Buffer.concat(twice)).toArray()).toEqual(records);
  });

  test.each(kinds)(
    '%s: a byte that is another is noticed, or changes nothing but its own field',
    async (kind) => {
      const bytes = readFileSync(join(folder, `${kind}.netlink`));
      // A netlink socket that the kernel tells twice is two where one of them has another cookie.
      const most = messagesOf(bytes).length;
      const step = Math.max(97, Math.ceil(bytes.length / DAMAGES)) | 1;
      // Any damage is an error of this library, or records in which something differs: never anything else.
      for (let at = 0; at < bytes.length; at += step) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ 0x55;
        const outcome = await decode(damaged)
          .toArray()
          .catch((error: unknown) => error);
        if (Array.isArray(outcome)) expect(outcome.length).toBeLessThanOrEqual(most);
        else expect(outcome).toMatchObject({ name: 'SockDiagError' });
      }
    },
  );
});

/** All that a kernel tells, of all kinds of sockets that it has. */
async function toldBy({ name, lacks }: Kernel): Promise<ReadonlySet<string>> {
  const kinds = KINDS.filter((kind) => !(kind in lacks));
  const fields = await Promise.all(
    kinds.map(async (kind) => {
      const bytes = readFileSync(join(FOLDER, `linux-${name}`, `${kind}.netlink`));
      return [...fieldsOf(kind, await decode(bytes, { show: ['md5sig'] }).toArray())];
    }),
  );
  return new Set(fields.flat());
}

/** All names of a field's path but its last. */
const parentOf = (field: string) => field.slice(0, field.lastIndexOf('.'));

test('what a kernel does not tell that another does is noted, and nothing else', async () => {
  const told = await Promise.all(KERNELS.map(toldBy));
  const all = new Set(told.flatMap((fields) => [...fields]));
  for (const [index, { name, untold }] of KERNELS.entries()) {
    const own = told[index] as ReadonlySet<string>;
    // Of what is absent as a whole, its name is enough; kinds that it lacks have no field at all.
    const isHere = (field: string) => own.has(parentOf(field));
    expect(untold.filter(isHere).sort(), name).toEqual(
      [...all].filter((field) => isHere(field) && !own.has(field)).sort(),
    );
  }
});
