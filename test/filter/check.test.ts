/** Trees that somebody made by hand: what is none is a TypeError that says where, never a hang, never another filter. */
import { expect, test } from 'vitest';

import { checkTree } from '../../lib/filter/check.js';
import { parse } from '../../lib/filter/index.js';
import { dumpTcp } from '../../lib/index.js';
import { Random, randomExpression } from './random.js';

const port = { kind: 'port', end: 'src', comparison: '=', port: 22 };
const prefix = { family: 'inet', bytes: [10, 0, 0, 0], length: 8 };
const host = { kind: 'host', end: 'src', equality: '=', host: { addresses: [prefix] } };

const ring: { kind: 'and'; terms: unknown[] } = { kind: 'and', terms: [] };
ring.terms.push(ring);
const winding: { kind: 'and'; terms: unknown[] } = { kind: 'and', terms: [] };
winding.terms.push({ kind: 'not', term: winding });
let doubling: unknown = port;
for (let i = 0; i < 60; i++) doubling = { kind: 'or', terms: [doubling, doubling] };

const wrong: [tree: unknown, words: string][] = [
  [null, 'filter is no part of a filter: it must be an object'],
  [[], 'there is no kind undefined'],
  [{ kind: 'toString' }, 'there is no kind toString'],
  [{ kind: 'and' }, 'terms must be an array'],
  [
    { kind: 'and', terms: [port, { kind: 'xyz' }] },
    'filter.terms[1] is no part of a filter: there is no kind xyz',
  ],
  [{ kind: 'or', terms: [undefined] }, 'filter.terms[0] is no part of a filter: it must be an object'],
  [{ kind: 'not' }, 'term must be an expression'],
  [
    { kind: 'not', term: { ...port, end: 'both' } },
    'filter.term is no part of a filter: there is no end both',
  ],
  [{ kind: 'state', states: ['LISTENING'] }, 'states must be an array of states'],
  [{ ...port, comparison: '~' }, 'there is no comparison ~'],
  [{ ...port, port: 65_536 }, 'port must be a number from 0 to 65535'],
  [{ ...port, port: 1.5 }, 'port must be a number'],
  [{ ...port, port: '22' }, 'port must be a number'],
  [{ kind: 'dev', equality: '=', device: '' }, 'device must be a name or an index'],
  [{ kind: 'dev', equality: '>', device: 1 }, 'there is no equality >'],
  [{ kind: 'fwmark', equality: '=', mark: 1, mask: -1 }, 'mark and mask must be of 32 bits'],
  [{ kind: 'cgroup', equality: '=', cgroup: true }, 'cgroup must be a path or a number'],
  [{ ...host, host: 'ten' }, 'host must be a pattern'],
  [{ ...host, host: { family: 'ipx' } }, 'there is no family ipx'],
  [{ ...host, host: { addresses: [] } }, 'addresses must be an array of prefixes'],
  [{ ...host, host: { addresses: [{ ...prefix, length: 33 }] } }, 'an address must be a prefix'],
  [{ ...host, host: { addresses: [{ ...prefix, bytes: [10] }] } }, 'an address must be a prefix'],
  [{ ...host, host: { family: 'unix', glob: 7 } }, 'glob must be text'],
  [{ ...host, host: { family: 'netlink', portid: -1 } }, 'portid must be a number of 32 bits'],
  [ring, 'it has more than 1000000 parts'],
  [winding, 'it lies more than 500 deep'],
  [doubling, 'it has more than 1000000 parts'],
];

// Not in the tests' names, since two of them have no end.
test('what is no tree is refused, and where it is wrong is told', () => {
  for (const [tree, words] of wrong) {
    expect(() => checkTree(tree, 'filter')).toThrow(words);
    expect(() => dumpTcp({ filter: tree as never })).toThrow(TypeError);
  }
});

test('whatever the parser and the generator make is taken', () => {
  expect(() =>
    checkTree(parse('state all sport = 22 or dst [::1]:http and not dev lo'), 'filter'),
  ).not.toThrow();
  const random = new Random(7);
  for (let i = 0; i < 2_000; i++) {
    const tree = randomExpression(random, { depth: 4 });
    expect(() => checkTree(tree, 'filter')).not.toThrow();
  }
});
