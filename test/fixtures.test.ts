/** Messages that other kernels sent, of sockets that this machine may not have: they say what was made there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { decode } from '../lib/index.js';
import { disagreements, type Made } from './kernels/agreement.mjs';

const FOLDER = join(import.meta.dirname, 'fixtures');
const KINDS = ['dccp', 'mptcp', 'raw', 'sctp', 'smc', 'tcp', 'tipc', 'udp', 'udplite', 'vsock', 'xdp'];

const kernels = readdirSync(FOLDER).filter((name) => name.startsWith('linux-'));

test('there are recordings of a kernel that has all families', () => {
  expect(kernels).toContain('linux-6.12');
  const files = readdirSync(join(FOLDER, 'linux-6.12')).sort();
  expect(files).toEqual([...KINDS.map((kind) => `${kind}.netlink`), 'sockets.json'].sort());
});

describe.each(kernels)('%s', (kernel) => {
  const folder = join(FOLDER, kernel);
  const made = JSON.parse(readFileSync(join(folder, 'sockets.json'), 'utf8')) as Made[];
  const files = readdirSync(folder).filter((name) => name.endsWith('.netlink'));

  test.each(files)('%s has exactly the sockets that were made, as they were made', async (file) => {
    const kind = file.replace('.netlink', '');
    const records = await decode(readFileSync(join(folder, file)), { show: ['md5sig'] }).toArray();
    const expected = made.filter((socket) => socket.kind === kind);
    expect(expected.length).toBeGreaterThan(5);
    expect(disagreements(expected, records)).toEqual([]);
  });

  test.each(files)(
    '%s: a byte that is another is noticed, or changes nothing but its own field',
    async (file) => {
      const bytes = readFileSync(join(folder, file));
      const whole = await decode(bytes).toArray();
      // Any damage is an error of this library, or records in which something differs: never anything else.
      for (let at = 0; at < bytes.length; at += 97) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ 0x55;
        const outcome = await decode(damaged)
          .toArray()
          .catch((error: unknown) => error);
        if (Array.isArray(outcome)) expect(outcome.length).toBeLessThanOrEqual(whole.length);
        else expect(outcome).toMatchObject({ name: 'SockDiagError' });
      }
    },
  );
});
