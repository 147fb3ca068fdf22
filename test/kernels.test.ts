/** What docs/kernels.md says that was run, which `npm run test:kernels -- --write` has written. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { KERNELS } from './kernels/kernels.mjs';

const PAGE = readFileSync(join(import.meta.dirname, '../docs/kernels.md'), 'utf8');

/** The table's rows by their first cell. */
const ROWS = new Map(
  PAGE.split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
    .map(([title = '', ...cells]) => [title, cells]),
);

test('each kernel has its column, and there are four of them, of two processors, at least', () => {
  const processors = ROWS.get('processor') ?? [];
  expect(processors).toEqual(KERNELS.map(({ arch }) => arch));
  expect(processors.length).toBeGreaterThanOrEqual(4);
  expect(new Set(processors).size).toBeGreaterThanOrEqual(2);
  for (const [index, release] of (ROWS.get('Linux') ?? []).entries()) {
    const version = KERNELS[index]?.name.split('-').at(-1);
    expect(release.startsWith(`${version}.`), release).toBe(true);
  }
});

/** All that sock_diag knows. */
const KINDS = [
  ...['raw', 'udp', 'udplite', 'tcp', 'mptcp', 'sctp', 'dccp', 'vsock', 'xdp', 'smc', 'tipc', 'unix'],
  ...['packet', 'netlink'],
];

test.each(KINDS)('%s was dumped, and is lacked by the kernels that are known to lack it', (kind) => {
  const cells = ROWS.get(kind) ?? [];
  expect(cells.some((cell) => Number(cell) > 0)).toBe(true);
  for (const [index, { lacks }] of KERNELS.entries()) {
    expect(Number(cells[index]) > 0, cells[index]).toBe(!(kind in lacks));
  }
});
