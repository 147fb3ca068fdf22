/** The builder makes the trees that the parser makes; what TypeScript would refuse, JavaScript is told. */
import { expect, test } from 'vitest';

import {
  and,
  autobound,
  cgroup,
  dev,
  dport,
  dst,
  fwmark,
  not,
  or,
  sport,
  src,
  state,
} from '../../lib/filter/builder.js';
import { parse } from '../../lib/filter/parser.js';
import type { Expression } from '../../lib/filter/tree.js';
import { SOCKET_STATES } from '../../lib/record/state.js';

const same: [built: Expression, text: string][] = [
  [and(), ''],
  [not(and()), 'not ()'],
  [and(sport(1)), 'sport 1'],
  [or(sport(1)), 'sport 1'],
  [and(sport(1), dport(2)), 'sport 1 and dport 2'],
  [and(and(sport(1), sport(2)), and(), and(sport(3))), 'sport 1 sport 2 sport 3'],
  [or(or(sport(1), sport(2)), sport(3)), 'sport 1 or sport 2 or sport 3'],
  [or(and(sport(1), sport(2)), sport(3)), 'sport 1 and sport 2 or sport 3'],
  [and(or(sport(1), sport(2)), sport(3)), '(sport 1 or sport 2) and sport 3'],
  [not(or(sport(1), sport(2))), 'not (sport 1 or sport 2)'],
  [not(not(autobound())), 'not not autobound'],
  [state('LISTEN'), 'state listening'],
  [state('LISTEN', 'ESTABLISHED', 'LISTEN'), 'state established state listening'],
  [state(...(SOCKET_STATES as [(typeof SOCKET_STATES)[number]])), 'state all'],
  [or(state('LISTEN'), state('CLOSE')), 'state close or state listening'],
  [or(state('LISTEN'), autobound(), state('CLOSE')), 'state close or state listening or autobound'],
  [and(state('LISTEN'), sport(22)), 'state listening sport 22'],
  [src('10/8'), 'src 10/8'],
  [src.eq('10/8'), 'src = 10/8'],
  [src.ne('10/8'), 'src != 10/8'],
  [dst('[::1]:443'), 'dst [::1]:443'],
  [dst('*'), 'dst *'],
  [dst.ne(':ssh'), 'dst != :22'],
  [src('inet6:*'), 'src inet6:*'],
  [src('unix:/run/*'), 'src unix:/run/*'],
  [src('unix:/run/a b (c)'), 'src unix:"/run/a b (c)"'],
  [src('unix:"/run/a b"'), 'src unix:"/run/a b"'],
  [src('link:ip:lo'), 'src link:ip:lo'],
  [src('netlink:route:kernel'), 'src netlink:route:kernel'],
  [dst('vsock:2:1024'), 'dst vsock:2:1024'],
  [sport(443), 'sport 443'],
  [sport('https'), 'sport https'],
  [sport('443'), 'sport 443'],
  [sport('*'), 'sport *'],
  [sport.eq(443), 'sport = 443'],
  [sport.ne(443), 'sport != 443'],
  [sport.ge(443), 'sport >= 443'],
  [sport.le(443), 'sport <= 443'],
  [sport.gt(443), 'sport > 443'],
  [sport.lt(443), 'sport < 443'],
  [dport(0), 'dport 0'],
  [dport.eq(443), 'dport = 443'],
  [dport.ne('ssh'), 'dport != ssh'],
  [dport.ge(1024), 'dport >= 1024'],
  [dport.le(1024), 'dport <= 1024'],
  [dport.gt(1024), 'dport > 1024'],
  [dport.lt(65535), 'dport < 65535'],
  [dev('lo'), 'dev lo'],
  [dev('1'), 'dev "1"'],
  [dev(1), 'dev 1'],
  [dev.eq(0), 'dev = 0'],
  [dev.ne('lo'), 'dev != lo'],
  [fwmark(1), 'fwmark 1'],
  [fwmark(1, 3), 'fwmark 1/3'],
  [fwmark.eq(1, 0), 'fwmark = 1/0'],
  [fwmark.ne(0xffff_ffff, 0xff), 'fwmark != 0xffffffff/0xff'],
  [cgroup('/a/'), 'cgroup /a'],
  [cgroup('/sys/fs/cgroup/a'), 'cgroup /a'],
  [cgroup('/a b'), 'cgroup "/a b"'],
  [cgroup.eq(5), 'cgroup 5'],
  [cgroup.ne('/'), 'cgroup != /'],
  [autobound(), 'autobound'],
];

test.each(same)('%j is %s', (built, text) => {
  expect(built).toEqual(parse(text));
});

test('or without terms is never true, and stays what it is', () => {
  expect(or()).toEqual({ kind: 'or', terms: [] });
  expect(or(or(), sport(1))).toEqual(sport(1));
});

type Loose = (...args: unknown[]) => unknown;
const wrong: [call: () => unknown, error: ErrorConstructor, words: string][] = [
  [() => (and as Loose)('sport 1'), TypeError, "and: argument 1 is 'sport 1', but must be an expression"],
  [() => (and as Loose)(autobound(), undefined), TypeError, 'and: argument 2 is undefined'],
  [() => (or as Loose)({ kind: 'xor' }), TypeError, 'or: argument 1 is an object'],
  [() => (or as Loose)([autobound()]), TypeError, 'or: argument 1 is an array'],
  [() => (not as Loose)(), TypeError, 'not: the argument is undefined'],
  [() => (not as Loose)(autobound), TypeError, 'not: the argument is a function'],
  [() => (state as Loose)(), TypeError, 'state: there must be at least one state'],
  [
    () => (state as Loose)('listening'),
    TypeError,
    "state: argument 1 is 'listening', but must be 'ESTABLISHED',",
  ],
  [() => (state as Loose)('LISTEN', 10), TypeError, 'state: argument 2 is 10'],
  [() => (src as unknown as Loose)(10), TypeError, 'src: the host is 10, but must be a string'],
  [() => (dst.ne as Loose)(), TypeError, 'dst: the host is undefined'],
  [() => src(''), SyntaxError, 'found the end, but expected an address'],
  [() => src('10.0.0.256'), SyntaxError, "found '10.0.0.256', but expected an IPv4 address"],
  [() => src('10/8 or sport 1'), SyntaxError, 'expected a netmask, or a prefix length from 0 to 32'],
  [() => dst('localhost'), SyntaxError, 'resolve()'],
  [() => dst('10.0.0.1:70000'), SyntaxError, "found '70000'"],
  [() => src('unix:"a'), SyntaxError, 'a closing "'],
  [() => sport(65536), RangeError, 'sport: the port is 65536, but must be an integer from 0 to 65535'],
  [() => dport.gt(-1), RangeError, 'dport: the port is -1'],
  [() => dport.le(1.5), RangeError, 'dport: the port is 1.5'],
  [() => dport(Number.NaN), RangeError, 'dport: the port is NaN'],
  [
    () => (sport as unknown as Loose)(),
    TypeError,
    'sport: the port is undefined, but must be a number, the name',
  ],
  [() => (sport.lt as Loose)(5n), TypeError, 'sport: the port is 5'],
  [() => sport('nosuch'), SyntaxError, "found 'nosuch', but expected a port"],
  [() => sport(''), SyntaxError, 'found the end, but expected a port'],
  [() => dev(-1), RangeError, 'dev: the interface is -1'],
  [() => dev(2 ** 31), RangeError, 'dev: the interface is 2147483648'],
  [() => dev(''), TypeError, "dev: the interface is '', which is no name"],
  [() => dev.ne('a/b'), TypeError, "dev: the interface is 'a/b'"],
  [() => dev('x'.repeat(128)), TypeError, `dev: the interface is '${'x'.repeat(40)}…'`],
  [
    () => (dev as unknown as Loose)(null),
    TypeError,
    'dev: the interface is null, but must be a name or an index',
  ],
  [() => fwmark(2 ** 32), RangeError, 'fwmark: the mark is 4294967296'],
  [() => fwmark(1, -1), RangeError, 'fwmark: the mask is -1'],
  [() => (fwmark as unknown as Loose)('1'), TypeError, "fwmark: the mark is '1', but must be a number"],
  [() => cgroup('a'), TypeError, "cgroup: the path is 'a', but must begin with /"],
  [() => cgroup('/a\0'), TypeError, 'cgroup: the path is'],
  [() => cgroup(2 ** 53), RangeError, 'cgroup: the cgroup is 9007199254740992'],
  [() => (cgroup as unknown as Loose)({}), TypeError, 'cgroup: the cgroup is an object'],
];

test.each(wrong)('%s is told', (call, error, words) => {
  expect(call).toThrow(error);
  expect(call).toThrow(words);
});

test('an argument that is changed later changes nothing', () => {
  const terms: Expression[] = [sport(1), sport(2)];
  const built = and(...terms);
  terms.pop();
  expect(built).toEqual(parse('sport 1 sport 2'));
});
