/** The fuzzer itself: it finds what is wrong, makes it small, and makes it again. */
import { expect, test } from 'vitest';

import { again, fuzz } from './fuzzer.js';
import { asJson, promised, shorterTexts, type Target } from './target.js';

/** Wrong for each text with a `b` in it. */
const target: Target<string> = {
  of: [],
  make: (random) => Array.from({ length: random.below(9) }, () => random.pick(['a', 'b', 'c', 'd'])).join(''),
  check: (text) => {
    promised(!text.includes('b'), 'a text has no b', text);
    return text === '' ? 'empty' : 'text';
  },
  smaller: shorterTexts,
  ...asJson,
};

const never = () => false;

test('what breaks a promise is found, made as small as can be, and kept', async () => {
  const { broken } = await fuzz(target, { runs: 1000, seed: 1 }, never, () => undefined);
  expect(broken?.error).toMatchObject({ name: 'Finding', message: 'a text has no b\n  b' });
  expect(Buffer.from(broken?.input ?? []).toString()).toBe('"b"\n');
  expect(again(target, broken?.input as Uint8Array).broken?.error).toEqual(broken?.error);
});

test('its seed makes it again, as the first input', async () => {
  const seeds: number[] = [];
  const first = await fuzz(target, { runs: 1000, seed: 1 }, never, (seed) => seeds.push(seed));
  expect(first.executions).toBe(seeds.length);
  const seed = first.broken?.seed as number;
  expect(seed).toBe(seeds.at(-1));
  expect(await fuzz(target, { runs: 1, seed }, never, () => undefined)).toMatchObject({
    executions: 1,
    broken: { seed },
  });
});

test('without a finding it ends when it is told to, and says what it has seen', async () => {
  const right = { ...target, make: () => 'a' };
  const runs = await fuzz(right, { runs: 100, seed: 1 }, never, () => undefined);
  expect(runs).toEqual({ executions: 100, outcomes: { text: 100 } });
  const seconds = await fuzz(right, { seconds: 0.05, seed: 1 }, never, () => undefined);
  expect(seconds.executions).toBeGreaterThan(0);
  const stopped = await fuzz(
    right,
    { seed: 1 },
    () => true,
    () => undefined,
  );
  expect(stopped.executions).toBe(0);
});

test('an input that cannot even be made is a finding', async () => {
  const wrong: Target<string> = {
    ...target,
    make: () => {
      throw new Error('no text');
    },
  };
  const { broken } = await fuzz(wrong, { runs: 1, seed: 7 }, never, () => undefined);
  expect(broken).toMatchObject({ seed: 7, error: { message: 'no text' } });
});
