/** The headers that are installed here and the kernel that runs here place the members of each structure alike. */
import { expect, test } from 'vitest';

import { skip } from '../tools.js';
import { filesOfBtf, layoutsOfBtf } from './btf.js';
import { compilers, layoutsOfHeaders } from './headers.js';
import { hex, type Layout, type Member, occupied } from './layout.js';
import { STRUCTURES } from './structures.js';

const NAMES: readonly string[] = STRUCTURES.map(({ name }) => name);

const COMPILERS = compilers();
const noHeaders = COMPILERS.length === 0 && skip('there is no compiler here');
const noBtf = filesOfBtf().length === 0 && skip('this kernel has no BTF');

const headers: Map<string, Layout> = noHeaders ? new Map() : layoutsOfHeaders(STRUCTURES);
const btf: Map<string, Layout> = noBtf ? new Map() : layoutsOfBtf(NAMES);

/** Of no use but to become others: in a newer kernel they may be shorter, or gone. */
const SPARE = /(^|[._])(pad|unused|reserved?)\d*$/;

const placeOf = ({ offset, mask, kind }: Member): string => `${offset} ${hex(mask)} ${kind}`;

/** A spare member has given some of its bits away, and has none that it had not. */
function isLess(newer: Member, older: Member, size: number): boolean {
  const [now, before] = [newer, older].map((member) => occupied({ name: '', size, members: [member] }));
  return (
    SPARE.test(older.path) && now?.every((byte, at) => (byte & ~(before?.[at] as number)) === 0) === true
  );
}

test.skipIf(noHeaders).each(COMPILERS.slice(1))(
  '%s lays out the structures as the first compiler',
  (...other) => {
    expect(layoutsOfHeaders(STRUCTURES, other)).toEqual(headers);
  },
);

test.skipIf(noHeaders || noBtf)('every structure is known here', () => {
  expect(NAMES.filter((name) => !headers.has(name) && !btf.has(name))).toEqual([]);
});

test.skipIf(noHeaders || noBtf).each(NAMES.filter((name) => headers.has(name) && btf.has(name)))(
  '%s has every member where the kernel has it',
  (name) => {
    const [ofHeaders, ofKernel] = [headers.get(name), btf.get(name)] as [Layout, Layout];
    const size = Math.max(ofHeaders.size, ofKernel.size);
    const rest = new Map(ofKernel.members.map((member) => [member.path, member]));
    const gone: string[] = [];
    for (const member of ofHeaders.members) {
      const other = rest.get(member.path);
      if (other === undefined) gone.push(member.path);
      else if (!isLess(other, member, size)) expect(placeOf(other), member.path).toBe(placeOf(member));
      rest.delete(member.path);
    }
    expect(gone.length, 'members in common').toBeLessThan(ofHeaders.members.length);
    if (rest.size > 0) console.info(`${name}: only the kernel has ${[...rest.keys()].join(', ')}`);
    if (gone.length > 0) console.info(`${name}: only the headers have ${gone.join(', ')}`);
    if (rest.size + gone.length === 0) expect(ofKernel.size).toBe(ofHeaders.size);
  },
);
