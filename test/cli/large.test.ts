/** A table so large that ss prints it in parts, of which later ones may be wider: the same parts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { message, words } from '../messages.js';
import { Fed, lackOfFeed } from './fed.js';

/** More than ss keeps before it prints. */
const COUNT = 80_000;

/** Ports get longer, and the last of them are among the longest. */
const SOCKETS = Array.from({ length: COUNT }, (_, i) =>
  message(
    Buffer.concat([
      Buffer.from([40, 1, 1, 0]),
      words(3 + (i % 7), i * (i > COUNT - 9 ? 50_000 : 1), 2, 1024 + (i % 50_000), 1000 + i, i, 0),
    ]),
  ),
);

describe.skipIf(lackOfFeed())('fed with the same messages', () => {
  let fed: Fed;
  beforeAll(() => {
    fed = new Fed();
  });
  afterAll(() => fed?.remove());

  test.each(['--vsock -an', '--vsock -anH', '--vsock -ane', '--vsock -an state all'])('ss %s', (list) => {
    const { ours, theirs } = fed.both(SOCKETS, list);
    const lengths = new Set(theirs.split('\n').map(({ length }) => length));
    // The end of the output, and at least two parts.
    expect(lengths.size).toBeGreaterThan(2);
    expect(ours === theirs).toBe(true);
  });

  test('fields of so many are all printed', () => {
    const lines = fed.only(SOCKETS, '--vsock -a --fields state,srcPort').trimEnd().split('\n');
    expect(lines).toHaveLength(COUNT + 1);
    expect(new Set(lines.map((line) => line.trim().split(/ +/).length))).toEqual(new Set([2]));
  });
});
