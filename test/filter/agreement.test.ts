/** Whatever decides a filter, its verdict is the same: a tree and its text, the matcher and the kernel's program. */
import { describe, expect, test } from 'vitest';

import { matcher } from '../../lib/filter/match.js';
import { parse } from '../../lib/filter/parser.js';
import { type Features, type Plan, plan } from '../../lib/filter/plan.js';
import { print } from '../../lib/filter/print.js';
import type { Expression } from '../../lib/filter/tree.js';
import type { DiagMsg } from '../../lib/index.js';
import { audit } from './kernel.js';
import { OPTIONS, sends } from './planned.js';
import { NAMES, Random, randomExpression, randomInetRecord, randomRecord, type Shape } from './random.js';

/** So many records for each filter. */
const RECORDS = 20;

/** Counts, so that a test that compares nothing does not look like one that passed. */
class Tally {
  matching = 0;
  other = 0;

  add(matches: boolean): void {
    if (matches) this.matching++;
    else this.other++;
  }

  expect(least: number): void {
    expect(this.matching + this.other).toBeGreaterThanOrEqual(least);
    expect(this.matching).toBeGreaterThan(least / 20);
    expect(this.other).toBeGreaterThan(least / 20);
  }
}

test('the text of a filter means what the filter does, for 100,000 random filters and records', () => {
  const random = new Random(3);
  const tally = new Tally();
  for (let i = 0; i < 100_000 / RECORDS; i++) {
    const expression = randomExpression(random);
    const text = print(expression);
    const again = parse(text);
    expect(print(again)).toBe(text);
    const matches = matcher(expression, OPTIONS);
    const matchesAgain = matcher(again, OPTIONS);
    for (let j = 0; j < RECORDS; j++) {
      const record = randomRecord(random);
      const expected = matches(record);
      tally.add(expected);
      if (matchesAgain(record) !== expected) expect({ text, expression, record }).toEqual({ expected });
    }
  }
  tally.expect(100_000);
});

/** Compares the plans of random filters with what these mean; answers how much is decided by whom. */
function comparePlans(
  seed: number,
  pairs: number,
  shape: Shape,
  features?: Partial<Features>,
): Tally & Shares {
  const random = new Random(seed);
  const tally = Object.assign(new Tally(), { exact: 0, withProgram: 0 });
  for (let i = 0; i < pairs / RECORDS; i++) {
    const expression = randomExpression(random, shape);
    const planned = plan(expression, { ...NAMES, features });
    if (planned.program !== undefined) expect(audit(planned.program)).toBeUndefined();
    expectOnly(planned, features);
    if (planned.remainder === undefined) tally.exact++;
    if (planned.program !== undefined) tally.withProgram++;
    compareOne(random, expression, planned, tally);
  }
  return tally;
}

/** Nothing is asked of a kernel that cannot do it. */
function expectOnly({ never, states, sport, dport, program }: Plan, features: Partial<Features> = {}): void {
  if (never) return;
  if (features.states === false) expect(states).toBeUndefined();
  if (features.program === false) expect({ sport, dport, program }).toEqual({ sport: 0, dport: 0 });
}

interface Shares {
  exact: number;
  withProgram: number;
}

function compareOne(random: Random, expression: Expression, planned: Plan, tally: Tally): void {
  const matches = matcher(expression, OPTIONS);
  const decides: (record: DiagMsg) => boolean =
    planned.remainder === undefined ? () => true : matcher(planned.remainder, OPTIONS);
  for (let j = 0; j < RECORDS; j++) {
    const record = randomInetRecord(random);
    const expected = matches(record);
    tally.add(expected);
    const sent = sends(planned, record);
    if ((sent && decides(record)) === expected) continue;
    expect({ text: print(expression), planned, record, sent }).toEqual({ expected });
  }
}

describe('kernel and remainder together mean what the filter does', () => {
  test('for 200,000 random filters and records', () => {
    const tally = comparePlans(4, 200_000, {});
    tally.expect(200_000);
    expect(tally.exact).toBeGreaterThan(1000);
    expect(tally.withProgram).toBeGreaterThan(1000);
  });

  test('for filters that the kernel can decide alone', () => {
    const terms = ['host', 'host', 'port', 'port', 'dev', 'fwmark', 'cgroup'] as const;
    const tally = comparePlans(5, 100_000, { depth: 6, terms, families: ['inet'] });
    tally.expect(100_000);
    expect(tally.exact).toBe(100_000 / RECORDS);
  });

  test('for filters of addresses and ports that nest deep', () => {
    comparePlans(6, 20_000, { depth: 9, terms: ['host', 'port'], families: ['inet'] }).expect(20_000);
  });

  test('for filters of states', () => {
    comparePlans(7, 20_000, { terms: ['state', 'state', 'port'] }).expect(20_000);
  });

  test('for filters that speak of other families', () => {
    comparePlans(8, 20_000, { families: ['inet', 'unix', 'vsock'], terms: ['host', 'state'] }).expect(20_000);
  });

  test.each<[string, Partial<Features>]>([
    ['tests for equal ports', { eq: false }],
    ['tests for interfaces', { dev: false }],
    ['tests for marks and cgroups', { mark: false, cgroup: false }],
    ['choice by state', { states: false }],
    ['programs', { program: false }],
    ['programs and choice by state', { program: false, states: false }],
  ])('and for kernels without %s', (_what, features) => {
    comparePlans(9, 20_000, {}, features).expect(20_000);
  });
});
