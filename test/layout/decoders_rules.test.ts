/** That the rules which the proofs of the decoders need find what is wrong. */
import { expect, test } from 'vitest';

import { newerMembers, problemsOfProof } from './decoders.js';
import type { Proof } from './decoders_ways.js';
import type { Layout, Member } from './layout.js';
import { problemsOf } from './prove.js';
import type { Rules } from './rules.js';

const member = (path: string, offset: number): Member => ({
  path,
  offset,
  mask: new Uint8Array(1).fill(0xff),
  kind: 'unsigned',
});

const LAYOUT: Layout = { name: 'toy', size: 2, members: [member('kind', 0), member('count', 1)] };

const KINDS: Rules = {
  members: [
    { member: 'kind', properties: { kind: 'distinct', odd: (number) => number % 2 === 1, name: 'changes' } },
  ],
};

const right = (bytes: Buffer) => ({
  kind: `kind ${bytes[0]}`,
  odd: bytes.readUInt8(0) % 2 === 1,
  name: bytes[0] === 0 ? 'none' : 'some',
  count: bytes[1],
});

const problems = (wrong: (bytes: Buffer) => object): string[] =>
  problemsOf(LAYOUT, (bytes) => ({ ...right(bytes), ...wrong(bytes) }), KINDS);

test('of a member that changes several properties each is read in its own way', () => {
  expect(problems(() => ({}))).toEqual([]);
  expect(problems((bytes) => ({ kind: `kind ${bytes.readUInt8(0) & 0x7f}` }))).toEqual([
    "toy: kind reads kind 'kind 0' of 00 as well as of 80",
  ]);
  expect(problems((bytes) => ({ odd: bytes.readUInt8(0) > 1 }))).toEqual([
    'toy: kind of 01 reads odd false, not true',
  ]);
  expect(problems(() => ({ name: 'none' }))).toEqual([
    'toy: kind does not change name',
    'toy: no member changes name',
  ]);
});

test('a function is told where the bits are', () => {
  const members = [
    { member: 'count', as: (number: number, _bytes: Uint8Array, { offset }: Member) => number + offset },
  ];
  const decode = (bytes: Buffer) => ({ kind: bytes[0], count: bytes.readUInt8(1) + 1 });
  expect(problemsOf(LAYOUT, decode, { members })).toEqual([]);
});

test('members behind what is known are to be in the tail, and nowhere else', () => {
  const longer: Layout = { name: 'toy', size: 5, members: [...LAYOUT.members, member('tomorrow', 4)] };
  const proof = (known: (bytes: Buffer) => object): Proof => ({
    structure: 'toy',
    where: 'here',
    decode: (bytes) => ({ ...right(bytes), ...known(bytes) }),
    rules: KINDS,
  });
  const tail = proof((bytes) => (bytes.length > 2 ? { unknown: bytes.subarray(2) } : {}));
  expect(newerMembers(tail.decode, LAYOUT)).toEqual([]);
  expect(newerMembers(tail.decode, longer)).toEqual(['tomorrow']);
  expect(problemsOfProof(tail, LAYOUT)).toEqual([]);
  expect(problemsOfProof(tail, longer)).toEqual([]);
  expect(
    problemsOfProof(
      proof(() => ({})),
      longer,
    ),
  ).toEqual(['here: toy: tomorrow does not change tomorrow']);
  const cut = proof((bytes) => ({ unknown: bytes.subarray(2, 4) }));
  expect(problemsOfProof(cut, longer)).toEqual(['here: toy: tomorrow does not change unknown']);
});
