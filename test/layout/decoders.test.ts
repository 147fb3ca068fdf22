/** The library reads and writes every structure as the headers that are installed here and the kernel that runs here do. */
import { expect, test } from 'vitest';

import { skip } from '../tools.js';
import { filesOfBtf, layoutsOfBtf } from './btf.js';
import { EXCUSED, newerMembers, PROOFS, problemsOfProof } from './decoders.js';
import { accecnPart, problemsOfAccecn } from './decoders_accecn.js';
import { membersOf, QUESTIONS, requestOf } from './decoders_requests.js';
import { SOCKET_ADDRESSES } from './decoders_sctp.js';
import { compilers, layoutsOfHeaders } from './headers.js';
import type { Layout } from './layout.js';
import { numbersOfHeaders } from './numbers.js';
import { STRUCTURES } from './structures.js';

const NAMES: readonly string[] = [...STRUCTURES, ...SOCKET_ADDRESSES].map(({ name }) => name);

/** The array of numbers that <linux/sock_diag.h> names the places of, as if it were a structure. */
function skMeminfo(): Layout {
  const numbers = numbersOfHeaders(['linux/sock_diag.h'], (name) => name.startsWith('SK_MEMINFO_'));
  const { SK_MEMINFO_VARS: count = 0, ...places } = Object.fromEntries(numbers);
  const members = Object.entries(places).map(([name, place]) => ({
    path: name.toLowerCase(),
    offset: 4 * place,
    mask: new Uint8Array(4).fill(0xff),
    kind: 'unsigned' as const,
  }));
  return { name: 'SK_MEMINFO', size: 4 * count, members };
}

const noHeaders = compilers().length === 0 && skip('there is no compiler here');
const noBtf = filesOfBtf().length === 0 && skip('this kernel has no BTF');

// The C library has its own forms of socket addresses, so that the kernel's are asked for alone.
const headers: Map<string, Layout> = noHeaders
  ? new Map()
  : new Map([
      ...layoutsOfHeaders(STRUCTURES),
      ...layoutsOfHeaders(SOCKET_ADDRESSES),
      ['SK_MEMINFO', skMeminfo()],
    ]);
const btf: Map<string, Layout> = noBtf ? new Map() : layoutsOfBtf(NAMES);

const SOURCES: [string, ReadonlyMap<string, Layout>][] = [
  ['the headers', headers],
  ["the kernel's types", btf],
];

const READ: ReadonlySet<string> = new Set(PROOFS.map(({ structure }) => structure));
const WRITTEN: ReadonlySet<string> = new Set(QUESTIONS.map(({ structure }) => structure));

test('every structure is proved, or there is a reason', () => {
  const without = STRUCTURES.map(({ name }) => name).filter((name) => !READ.has(name) && !WRITTEN.has(name));
  expect(without.sort()).toEqual([...EXCUSED.keys()].sort());
});

/** Each of these structures, by each source that has it. */
const cases = (names: ReadonlySet<string>): [structure: string, source: string, Layout][] =>
  SOURCES.flatMap(([source, layouts]) =>
    [...layouts]
      .filter(([structure]) => names.has(structure))
      .map(([structure, layout]): [string, string, Layout] => [structure, source, layout]),
  );

test.each(cases(READ))('%s is read as %s have it', (structure, source, layout) => {
  const proofs = PROOFS.filter((proof) => proof.structure === structure);
  const newer = new Set(proofs.flatMap(({ decode }) => newerMembers(decode, layout)));
  if (newer.size > 0) console.info(`${structure}: only ${source} have ${[...newer].join(', ')}`);
  expect(proofs.flatMap((proof) => problemsOfProof(proof, layout))).toEqual([]);
});

const accecn = SOURCES.flatMap(([source, layouts]) => {
  const part = accecnPart(layouts.get('tcp_info'));
  return part === undefined ? [] : [[source, part] as const];
});

test.each(accecn)('accecnOf takes apart what %s have', (_source, part) => {
  expect(problemsOfAccecn(part)).toEqual([]);
});

test.each(cases(WRITTEN))('%s is written as %s have it', async (structure, _source, layout) => {
  for (const { dump, at, behind = 0, members } of QUESTIONS.filter((one) => one.structure === structure)) {
    const request = await requestOf(dump);
    expect(membersOf(layout, request.subarray(at))).toEqual(members);
    expect(request.length - at - behind).toBe(layout.size);
  }
});
