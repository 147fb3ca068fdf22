/** Every spelling of the language, and the tree that it stands for. */
import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { parse } from '../../lib/filter/parser.js';
import { resolve } from '../../lib/filter/resolve.js';
import { parseServices } from '../../lib/filter/services.js';
import { FILTER_STATES } from '../../lib/filter/states.js';
import type { Comparison, Expression, HostPattern, Or } from '../../lib/filter/tree.js';
import type { SocketState } from '../../lib/record/state.js';
import { lackOf } from '../tools.js';

function all(...terms: Expression[]): Expression {
  return { kind: 'and', terms };
}

function either(...terms: Expression[]): Expression {
  return { kind: 'or', terms };
}

function not(term: Expression): Expression {
  return { kind: 'not', term };
}

function sport(port: number | undefined, comparison: Comparison = '='): Expression {
  return { kind: 'port', end: 'src', comparison, ...(port !== undefined && { port }) };
}

function states(...names: SocketState[]): Expression {
  return { kind: 'state', states: FILTER_STATES.filter((state) => names.includes(state)) };
}

function allBut(...names: SocketState[]): Expression {
  return { kind: 'state', states: FILTER_STATES.filter((state) => !names.includes(state)) };
}

const LISTEN = states('LISTEN');
const [A, B, C, D] = [sport(1), sport(2), sport(3), sport(4)] as const;

describe('operators', () => {
  const spellings: Record<Comparison, string[]> = {
    '=': ['', '=', '==', 'eq'],
    '!=': ['!=', 'ne', 'neq'],
    '>=': ['>=', 'ge', 'geq'],
    '<=': ['<=', 'le', 'leq'],
    '>': ['>', 'gt'],
    '<': ['<', 'lt'],
  };
  const rows = Object.entries(spellings).flatMap(([comparison, all]) =>
    all.map((spelling) => [spelling, comparison as Comparison] as const),
  );

  test.each(rows)("'%s' compares ports with %s", (spelling, comparison) => {
    for (const end of ['src', 'dst'] as const) {
      const word = end === 'src' ? 'sport' : 'dport';
      const term = { kind: 'port', end, comparison, port: 22 };
      expect(parse(`${word} ${spelling} 22`)).toEqual(term);
      expect(parse(`\t${word}\n${spelling}\r 22 `)).toEqual(term);
      if (/^\W+$/.test(spelling)) expect(parse(`${word}${spelling}22`)).toEqual(term);
    }
  });

  test.each(rows)(
    "'%s' makes hosts, interfaces, marks and cgroups equal only if it is %s",
    (spelling, comparison) => {
      const texts = ['src', 'dst', 'dev', 'fwmark', 'cgroup'].map((word) => {
        const operand = { src: '*', dst: '*', dev: 'lo', fwmark: '1', cgroup: '/' }[word];
        return `${word} ${spelling} ${operand}`;
      });
      for (const text of texts) {
        if (comparison === '=' || comparison === '!=')
          expect(parse(text)).toHaveProperty('equality', comparison);
        else expect(() => parse(text)).toThrow('expected = or !=');
      }
    },
  );
});

describe('precedence', () => {
  const rows: [text: string, tree: Expression][] = [
    ['sport 1', A],
    ['sport 1 sport 2', all(A, B)],
    ['sport 1 and sport 2', all(A, B)],
    ['sport 1 & sport 2', all(A, B)],
    ['sport 1 && sport 2', all(A, B)],
    ['sport 1 or sport 2', either(A, B)],
    ['sport 1 | sport 2', either(A, B)],
    ['sport 1 || sport 2', either(A, B)],
    ['not sport 1', not(A)],
    ['! sport 1', not(A)],
    ['not ! not sport 1', not(not(not(A)))],
    ['not sport 1 sport 2', all(not(A), B)],
    ['not sport 1 or sport 2', either(not(A), B)],
    ['sport 1 not sport 2', all(A, not(B))],
    ['sport 1 or sport 2 sport 3', either(A, all(B, C))],
    ['sport 1 or sport 2 and sport 3', either(A, all(B, C))],
    ['sport 1 and sport 2 or sport 3', either(all(A, B), C)],
    ['sport 1 sport 2 or sport 3 sport 4', either(all(A, B), all(C, D))],
    ['sport 1 & sport 2 sport 3 | not sport 4', either(all(A, B, C), not(D))],
    ['(sport 1 or sport 2) sport 3', all(either(A, B), C)],
    ['sport 1 (sport 2 or sport 3)', all(A, either(B, C))],
    ['not (sport 1 or sport 2) and sport 3', all(not(either(A, B)), C)],
    ['not (sport 1 sport 2)', not(all(A, B))],
    ['((sport 1))', A],
    ['(sport 1 and sport 2) and sport 3', all(A, B, C)],
    ['sport 1 or (sport 2 or (sport 3 or sport 4))', either(A, B, C, D)],
    ['()', all()],
    ['not ( )', not(all())],
    ['sport 1 ()', A],
  ];

  test.each(rows)('%s', (text, tree) => {
    expect(parse(text)).toEqual(tree);
  });

  test('an empty text is everything', () => {
    for (const text of ['', ' ', '\t\n\v\f\r ']) expect(parse(text)).toEqual(all());
  });
});

test('what is no text is a TypeError', () => {
  for (const given of [5, null, undefined, {}])
    expect(() => parse(given as never)).toThrow(
      /^the text of a filter must be a string, not (number|object|undefined)$/,
    );
});

test('blanks are optional where a sign or a parenthesis is', () => {
  const same: [text: string, spaced: string][] = [
    ['sport=22&&dst 10/8', 'sport = 22 && dst 10/8'],
    ['sport=1|sport=2', 'sport = 1 | sport = 2'],
    ['(sport=1)or(sport=2)', '( sport = 1 ) or ( sport = 2 )'],
    ['not(sport 1)', 'not ( sport 1 )'],
    ['!sport 1', '! sport 1'],
    ['!!(!sport 1)', '! ! ( ! sport 1 )'],
    ['(sport 1)(sport 2)', '( sport 1 ) ( sport 2 )'],
    ['sport 1(sport 2)', 'sport 1 ( sport 2 )'],
    ['sport 1!sport 2', 'sport 1 ! sport 2'],
    ['sport>=1sport<2', 'sport >= 1sport < 2'],
    ['dst[::1]:22&dst!=10/8', 'dst [::1]:22 & dst != 10/8'],
    ['dst*:22', 'dst *:22'],
    ['sport:22', 'sport :22'],
    ['(src unix:/run/*)', '( src unix:/run/* )'],
    ['src unix:"a b"&&autobound', 'src unix:"a b" && autobound'],
    ['dev=lo|dev="a b"', 'dev = lo | dev = "a b"'],
    ['(autobound)', '( autobound )'],
    ['state listen(sport 1)', 'state listen ( sport 1 )'],
  ];
  for (const [text, spaced] of same) {
    const outcome = (it: string) => {
      try {
        return parse(it);
      } catch (error) {
        return (error as Error).message.split('\n')[0];
      }
    };
    expect(outcome(text), text).toEqual(outcome(spaced));
  }
});

describe('states', () => {
  const names: Record<string, SocketState> = {
    established: 'ESTABLISHED',
    'syn-sent': 'SYN_SENT',
    'syn-recv': 'SYN_RECV',
    'syn-rcv': 'SYN_RECV',
    'fin-wait-1': 'FIN_WAIT1',
    'fin-wait-2': 'FIN_WAIT2',
    'time-wait': 'TIME_WAIT',
    unconnected: 'CLOSE',
    close: 'CLOSE',
    closed: 'CLOSE',
    'close-wait': 'CLOSE_WAIT',
    'last-ack': 'LAST_ACK',
    listening: 'LISTEN',
    listen: 'LISTEN',
    closing: 'CLOSING',
    'new-syn-recv': 'SYN_RECV',
    'bound-inactive': 'BOUND_INACTIVE',
  };
  const groups: Record<string, Expression> = {
    all: allBut(),
    connected: allBut('CLOSE', 'LISTEN'),
    synchronized: allBut('CLOSE', 'LISTEN', 'SYN_SENT'),
    bucket: states('SYN_RECV', 'TIME_WAIT'),
    big: allBut('SYN_RECV', 'TIME_WAIT'),
  };
  const rows: [name: string, term: Expression][] = [
    ...Object.entries(names).map(([name, state]): [string, Expression] => [name, states(state)]),
    ...Object.entries(groups),
  ];

  test.each(rows)('%s, in letters of any size', (name, term) => {
    for (const text of [name, name.toUpperCase(), (name[0] as string).toUpperCase() + name.slice(1)]) {
      expect(parse(`state ${text}`)).toEqual(term);
      expect(parse(`sport 1 state ${text}`)).toEqual(all(A, term));
      expect(parse(`not state ${text}`)).toEqual(not(term));
    }
  });

  const texts: [text: string, tree: Expression][] = [
    ['state established state listening', states('ESTABLISHED', 'LISTEN')],
    ['state all exclude listening', allBut('LISTEN')],
    ['exclude listening', allBut('LISTEN')],
    ['excl listening excl close', allBut('LISTEN', 'CLOSE')],
    ['exclude listening state listening', allBut()],
    ['state listening exclude listening', states()],
    ['exclude all state listening', LISTEN],
    ['state listening sport 1', all(LISTEN, A)],
    ['state listening and sport 1', all(LISTEN, A)],
    ['state listening sport 1 or sport 2', all(LISTEN, either(A, B))],
    ['state listening (sport 1 or sport 2)', all(LISTEN, either(A, B))],
    ['state listening and (sport 1 or sport 2)', all(LISTEN, either(A, B))],
    ['state listening sport 1 sport 2', all(LISTEN, A, B)],
    ['state listening or sport 1', either(LISTEN, A)],
    ['state listening or sport 1 sport 2', either(LISTEN, all(A, B))],
    ['sport 1 or state listening', either(A, LISTEN)],
    ['sport 1 or state listening sport 2', either(A, all(LISTEN, B))],
    ['(state listening sport 1) or sport 2', either(all(LISTEN, A), B)],
    ['state listening or state close', states('LISTEN', 'CLOSE')],
    ['state close or sport 1 or state listening', either(states('LISTEN', 'CLOSE'), A)],
    ['state listening and state close', all(LISTEN, states('CLOSE'))],
    ['state listening not state close', all(LISTEN, not(states('CLOSE')))],
    ['(state listening)', LISTEN],
  ];

  test.each(texts)('%s', (text, tree) => {
    expect(parse(text)).toEqual(tree);
  });
});

function prefix(length: number, ...bytes: number[]) {
  return { family: bytes.length === 4 ? ('inet' as const) : ('inet6' as const), bytes, length };
}

const ZEROS = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const LOOPBACK_6 = prefix(128, ...ZEROS, 0, 0, 0, 0, 0, 1);

describe('hosts', () => {
  const ten = prefix(8, 10, 0, 0, 0);
  const one = prefix(32, 10, 0, 0, 1);
  const rows: [text: string, host: HostPattern][] = [
    ['*', {}],
    ['any', {}],
    ['all', {}],
    ['default', {}],
    ['*:*', {}],
    [':*', {}],
    ['*:22', { port: 22 }],
    [':22', { port: 22 }],
    [':ssh', { port: 22 }],
    ['any:22', { port: 22 }],
    ['10.0.0.1', { addresses: [one] }],
    ['10.0.0.1:*', { addresses: [one] }],
    ['10.0.0.1:22', { addresses: [one], port: 22 }],
    ['10.0.0.1:ssh', { addresses: [one], port: 22 }],
    ['10.0.0.1:65535', { addresses: [one], port: 65535 }],
    ['10.0.0.1/32', { addresses: [one] }],
    ['10.0.0.1/255.255.255.255', { addresses: [one] }],
    ['10/8', { addresses: [ten] }],
    ['10.0/8', { addresses: [ten] }],
    ['10.0.0/8', { addresses: [ten] }],
    ['10.0.0.0/8', { addresses: [ten] }],
    ['10.1.2.3/8', { addresses: [ten] }],
    ['10/0x8', { addresses: [ten] }],
    ['10/010', { addresses: [ten] }],
    ['10/255.0.0.0', { addresses: [ten] }],
    ['10/8:22', { addresses: [ten], port: 22 }],
    ['192.168/16', { addresses: [prefix(16, 192, 168, 0, 0)] }],
    ['10.255/9', { addresses: [prefix(9, 10, 128, 0, 0)] }],
    ['0/0', { addresses: [prefix(0, 0, 0, 0, 0)] }],
    ['1/0.0.0.0', { addresses: [prefix(0, 0, 0, 0, 0)] }],
    ['::1', { addresses: [LOOPBACK_6] }],
    ['[::1]', { addresses: [LOOPBACK_6] }],
    ['[::1]:22', { addresses: [LOOPBACK_6], port: 22 }],
    ['[::1]:*', { addresses: [LOOPBACK_6] }],
    ['[::1/128]:22', { addresses: [LOOPBACK_6], port: 22 }],
    ['::1/128:22', { addresses: [LOOPBACK_6], port: 22 }],
    ['0:0:0:0:0:0:0:1', { addresses: [LOOPBACK_6] }],
    ['0:0:0:0:0:0:0:1:22', { addresses: [LOOPBACK_6], port: 22 }],
    ['::1:ssh', { addresses: [LOOPBACK_6], port: 22 }],
    ['::1:*', { addresses: [LOOPBACK_6] }],
    ['::0.0.0.1', { addresses: [LOOPBACK_6] }],
    ['::', { addresses: [prefix(128, ...ZEROS, 0, 0, 0, 0, 0, 0)] }],
    ['::/0', { addresses: [prefix(0, ...ZEROS, 0, 0, 0, 0, 0, 0)] }],
    ['::ffff:10.0.0.1', { addresses: [prefix(128, ...ZEROS, 255, 255, 10, 0, 0, 1)] }],
    ['::ffff:10.0.0.1:80', { addresses: [prefix(128, ...ZEROS, 255, 255, 10, 0, 0, 1)], port: 80 }],
    ['2001:db8::5/32', { addresses: [prefix(32, 0x20, 1, 0xd, 0xb8, ...ZEROS, 0, 0)] }],
    ['2001:DB8::', { addresses: [prefix(128, 0x20, 1, 0xd, 0xb8, ...ZEROS, 0, 0)] }],
    ['fe80::1:abcd', { addresses: [prefix(128, 0xfe, 0x80, ...ZEROS, 0, 1, 0xab, 0xcd)] }],
    ['inet:*', { family: 'inet' }],
    ['inet:any', { family: 'inet' }],
    ['inet6:*:22', { family: 'inet6', port: 22 }],
    ['inet::22', { family: 'inet', port: 22 }],
    ['inet:10/8:22', { family: 'inet', addresses: [ten], port: 22 }],
    ['inet6:[::1]:22', { family: 'inet6', addresses: [LOOPBACK_6], port: 22 }],
    ['inet6:::1', { family: 'inet6', addresses: [LOOPBACK_6] }],
    ['unix:*', { family: 'unix' }],
    ['unix:/run/*', { family: 'unix', glob: '/run/*' }],
    ['unix:@foo', { family: 'unix', glob: '@foo' }],
    ['unix:a:b', { family: 'unix', glob: 'a:b' }],
    ['unix:[!a]=b?', { family: 'unix', glob: '[!a]=b?' }],
    ['unix:a\\*', { family: 'unix', glob: 'a\\*' }],
    ['unix:"/run/a b(*)"', { family: 'unix', glob: '/run/a b(*)' }],
    ["unix:'a\"b'", { family: 'unix', glob: 'a"b' }],
    ['unix:"a\\"\\\\\\*"', { family: 'unix', glob: 'a"\\\\*' }],
    ['unix:""', { family: 'unix', glob: '' }],
    ['unix:state', { family: 'unix', glob: 'state' }],
    ['link:*', { family: 'link' }],
    ['link:*:*', { family: 'link' }],
    ['link:ip', { family: 'link', protocol: 0x800 }],
    ['link:ARP', { family: 'link', protocol: 0x806 }],
    ['link:ipv6:lo', { family: 'link', protocol: 0x86dd, device: 'lo' }],
    ['link:all:*', { family: 'link', protocol: 3 }],
    ['link:lldp:3', { family: 'link', protocol: 0x88cc, device: 3 }],
    ['link:802_1q', { family: 'link', protocol: 0x8100 }],
    ['link:802.1Q', { family: 'link', protocol: 0x8100 }],
    ['link:0x88b5', { family: 'link', protocol: 0x88b5 }],
    ['link:2048', { family: 'link', protocol: 0x800 }],
    ['link::lo', { family: 'link', device: 'lo' }],
    ['link:*:"3"', { family: 'link', device: '3' }],
    ['link:ip:"a&b"', { family: 'link', protocol: 0x800, device: 'a&b' }],
    ['netlink:*', { family: 'netlink' }],
    ['netlink:rtnl', { family: 'netlink', protocol: 0 }],
    ['netlink:route', { family: 'netlink', protocol: 0 }],
    ['netlink:tcpdiag', { family: 'netlink', protocol: 4 }],
    ['netlink:sock_diag:kernel', { family: 'netlink', protocol: 4, portid: 0 }],
    ['netlink:genl:*', { family: 'netlink', protocol: 16 }],
    ['netlink:uevent:17', { family: 'netlink', protocol: 15, portid: 17 }],
    ['netlink:9:0x10', { family: 'netlink', protocol: 9, portid: 16 }],
    ['netlink:nft:-4096', { family: 'netlink', protocol: 12, portid: 0xffff_f000 }],
    ['netlink:*:kernel', { family: 'netlink', portid: 0 }],
    ['netlink::5', { family: 'netlink', portid: 5 }],
    ['vsock:*', { family: 'vsock' }],
    ['vsock:*:*', { family: 'vsock' }],
    ['vsock:2', { family: 'vsock', cid: 2 }],
    ['vsock:2:1024', { family: 'vsock', cid: 2, port: 1024 }],
    ['vsock:4294967295:4294967295', { family: 'vsock', cid: 0xffff_ffff, port: 0xffff_ffff }],
    ['vsock::5', { family: 'vsock', port: 5 }],
  ];

  test.each(rows)('%s', (text, host) => {
    expect(parse(`src ${text}`)).toEqual({ kind: 'host', end: 'src', equality: '=', host });
    expect(parse(`(dst != ${text})`)).toEqual({ kind: 'host', end: 'dst', equality: '!=', host });
  });
});

describe('other terms', () => {
  const src = (host: HostPattern, equality: '=' | '!=' = '='): Expression => {
    return { kind: 'host', end: 'src', equality, host };
  };
  const mark = (value: number, mask = 0xffff_ffff): Expression => {
    return { kind: 'fwmark', equality: '=', mark: value, mask };
  };
  const dev = (device: string | number): Expression => ({ kind: 'dev', equality: '=', device });
  const cgroup = (path: string | number): Expression => ({ kind: 'cgroup', equality: '=', cgroup: path });
  const rows: [text: string, tree: Expression][] = [
    ['sport 0', sport(0)],
    ['sport 0x16', sport(22)],
    ['sport 026', sport(22)],
    ['sport :ssh', sport(22)],
    ['sport ftp-data', sport(20)],
    ['sport www', sport(80)],
    ['sport bootps', sport(67)],
    ['sport *', sport(undefined)],
    ['sport ge :*', sport(undefined, '>=')],
    ['sport *:22', sport(22)],
    ['sport inet:22', all(src({ family: 'inet' }), sport(22))],
    ['sport > inet6::ssh', all(src({ family: 'inet6' }), sport(22, '>'))],
    ['sport inet:*', all(src({ family: 'inet' }), sport(undefined))],
    ['sport vsock:100000', src({ family: 'vsock', port: 100000 })],
    ['sport netlink::kernel', src({ family: 'netlink', portid: 0 })],
    ['sport link:lo', src({ family: 'link', device: 'lo' })],
    ['sport != vsock:5', all(src({ family: 'vsock' }), src({ family: 'vsock', port: 5 }, '!='))],
    ['dev lo', dev('lo')],
    ['dev eth0.100@x', dev('eth0.100@x')],
    ['dev 0', dev(0)],
    ['dev 0x1', dev(1)],
    ['dev "1"', dev('1')],
    ['dev "or"', dev('or')],
    ["dev 'a(b'", dev('a(b')],
    ['dev a=b', dev('a=b')],
    ['fwmark 0', mark(0)],
    ['fwmark 0x10', mark(16)],
    ['fwmark 010', mark(8)],
    ['fwmark 4294967295', mark(0xffff_ffff)],
    ['fwmark 1/3', mark(1, 3)],
    ['fwmark 0x1/0xff', mark(1, 255)],
    ['fwmark 1/010', mark(1, 8)],
    ['fwmark 1/0', mark(1, 0)],
    ['cgroup /', cgroup('/')],
    ['cgroup /system.slice', cgroup('/system.slice')],
    ['cgroup /a//b/../c/', cgroup('/a/c')],
    ['cgroup /sys/fs/cgroup', cgroup('/')],
    ['cgroup /sys/fs/cgroup/', cgroup('/')],
    ['cgroup /sys/fs/cgroup/a', cgroup('/a')],
    ['cgroup /sys/fs/cgroup/unified/a', cgroup('/a')],
    ['cgroup /sys/fs/cgroups', cgroup('/sys/fs/cgroups')],
    ['cgroup "/a b"', cgroup('/a b')],
    ['cgroup 1234', cgroup(1234)],
    ['autobound', { kind: 'autobound' }],
  ];

  test.each(rows)('%s', (text, tree) => {
    expect(parse(text)).toEqual(tree);
  });
});

test('a service has the port of its TCP, or the first that there is', () => {
  const ports = parseServices(`
# a comment
one     1/udp   uno     # an alias
one     2/tcp   eins
two     3/sctp
two     4/udp
uno     5/tcp
bad     99999/tcp
worse   tcp
nothing
`);
  expect(Object.fromEntries(ports)).toEqual({ one: 2, eins: 2, two: 3, uno: 5 });
});

test('an or of 5,000 ports is one or, and every word is looked at a bounded number of times', () => {
  let looks = 0;
  /** Counts how often something reads from the text. */
  const counting = RegExp.prototype.test;
  RegExp.prototype.test = function (this: RegExp, text: string) {
    looks++;
    return counting.call(this, text);
  };
  const looksFor = (count: number) => {
    looks = 0;
    const text = Array.from({ length: count }, (_, i) => `sport = ${i}`).join(' or ');
    const tree = parse(text);
    expect((tree as Or).terms).toHaveLength(count);
    return looks;
  };
  try {
    const few = looksFor(2500);
    expect(few).toBeGreaterThan(2500);
    expect(looksFor(5000)).toBeLessThanOrEqual(2 * few + 10);
  } finally {
    RegExp.prototype.test = counting;
  }
});

describe('resolve', () => {
  const lookup = async (name: string) => {
    if (name === 'both') return ['10.0.0.1', '::1', '10.0.0.1'];
    if (name === 'linklocal.example') return ['fe80::1%eth0'];
    if (name === 'broken') return ['what'];
    if (name === 'empty') return [];
    throw new Error('ENOTFOUND');
  };
  const one = prefix(32, 10, 0, 0, 1);

  test('all addresses of a name count, or those of the family', async () => {
    expect(await resolve('dst both:22', { lookup })).toEqual({
      kind: 'host',
      end: 'dst',
      equality: '=',
      host: { addresses: [one, LOOPBACK_6], port: 22 },
    });
    const tree = await resolve('dst inet6:both or src != inet:both', { lookup });
    expect(tree).toEqual({
      kind: 'or',
      terms: [
        { kind: 'host', end: 'dst', equality: '=', host: { family: 'inet6', addresses: [LOOPBACK_6] } },
        { kind: 'host', end: 'src', equality: '!=', host: { family: 'inet', addresses: [one] } },
      ],
    });
    expect(await resolve('dst linklocal.example', { lookup })).toEqual(parse('dst fe80::1'));
  });

  test('a name is looked up once, and nothing is if there is none or the text is wrong', async () => {
    const names: string[] = [];
    const counting = (name: string) => {
      names.push(name);
      return lookup(name);
    };
    await resolve('dst both or src both:22', { lookup: counting });
    expect(names).toEqual(['both']);
    expect(await resolve('sport = 22', { lookup: counting })).toEqual(parse('sport = 22'));
    await expect(resolve('dst both or', { lookup: counting })).rejects.toThrow('expected a term');
    expect(names).toEqual(['both']);
  });

  test('what has no address is told by name', async () => {
    await expect(resolve('dst nowhere', { lookup })).rejects.toThrow(
      expect.objectContaining({
        message: "resolve: no address was found for the host 'nowhere'",
        cause: expect.objectContaining({ message: 'ENOTFOUND' }),
      }),
    );
    await expect(resolve('dst empty', { lookup })).rejects.toThrow("the host 'empty' has no address");
    await expect(resolve('dst inet:linklocal.example', { lookup })).rejects.toThrow('has no address of inet');
    await expect(resolve('dst broken', { lookup })).rejects.toThrow(
      "answered for 'broken' what is no address",
    );
  });

  test('a signal ends the waiting, and is not listened to longer', async () => {
    const reason = new Error('enough');
    await expect(resolve('sport 1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const never = () => new Promise<string[]>(() => {});
    const waiting = resolve('dst both', { lookup: never, signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('options are checked', async () => {
    await expect(resolve('', { lookup: 1 } as never)).rejects.toThrow('options.lookup must be a function');
    await expect(resolve('', { signal: 1 } as never)).rejects.toThrow('must be an AbortSignal');
    await expect(resolve('', { names: [] } as never)).rejects.toThrow("there is no option 'names'");
  });

  test('by default the machine is asked', async () => {
    const tree = await resolve('dst localhost');
    expect(JSON.stringify(tree)).toMatch(/\[127,0,0,1\]|,0,1\]/);
  });
});

/** Whether `ss` takes the expression; it wants states as words of their own in front of it. */
function ssAccepts(text: string): boolean {
  const [, states = '', expression = ''] = text.match(/^((?:(?:state|exclude|excl) \S+ ?)*)(.*)$/) ?? [];
  const words = states === '' ? ['state', 'all'] : states.trimEnd().split(' ');
  const args = expression === '' ? words : [...words, expression];
  return spawnSync('ss', ['-H', ...args], { stdio: 'ignore' }).status === 0;
}

function isAccepted(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

const ACCEPTED_BY_BOTH = [
  ...[
    'sport = 22',
    'sport 22',
    'sport :22',
    'sport = :ssh',
    'sport *',
    'sport ge *',
    'sport = 0x16',
    'sport 022',
  ],
  ...[
    'sport = *:22',
    'sport = inet:22',
    'sport inet6:ssh',
    'sport = vsock:5',
    'sport = netlink:5',
    'sport link:lo',
  ],
  ...[
    'sport == ssh',
    'sport neq 22',
    'sport geq 22',
    'sport leq 22',
    'sport gt 22',
    'sport < 22',
    'sport www',
  ],
  ...[
    'dst 10/8',
    'dst 192.168/16',
    'dst 10.0.0.1',
    'dst 10.0.0.1:22',
    'dst 10.0.0.0/8:22',
    'dst *',
    'dst *:22',
  ],
  ...['dst :22', 'dst any', 'dst any:22', 'dst 0/0', 'dst 10.0.0.1/255.0.0.0', 'dst 10.0.0.1/0x8', 'dst *:*'],
  ...[
    'dst [::1]',
    'dst [::1]:22',
    'dst [::1/64]:22',
    'dst ::1/64',
    'dst ::1/64:22',
    'dst ::1:ssh',
    'dst [::]:*',
  ],
  ...['dst inet:10.0.0.1', 'dst inet:*', 'dst inet6:*', 'dst inet6:[::1]:5', 'dst inet:any', 'dst == 10/8'],
  ...['src unix:/run/*', 'src unix:@foo', 'src unix:a:b', 'src unix:[!a]*', 'src link:ip', 'src link:ARP:lo'],
  ...['src link:*:lo', 'src link::lo', 'src link:0x800', 'src link:2048', 'src link:802.1q', 'src link:ip:1'],
  ...['src netlink:rtnl', 'src netlink:0', 'src netlink:rtnl:kernel', 'src netlink:*:-5', 'src netlink::5'],
  ...[
    'src vsock:2',
    'src vsock:2:5',
    'src vsock:*:5',
    'src vsock::5',
    'src vsock:0x5',
    'src vsock:4294967295',
  ],
  ...[
    'dev lo',
    'dev = 1',
    'dev != lo',
    'dev 0x1',
    'fwmark 1',
    'fwmark 0x1/0x3',
    'fwmark 010',
    'fwmark != 1/0',
  ],
  ...[
    'autobound',
    'not autobound',
    '! ! sport = 22',
    'not ( sport = 22 )',
    '( ( sport 22 ) )',
    'sport 1 sport 2',
  ],
  ...[
    'sport 1 & sport 2',
    'sport 1 | sport 2',
    'sport 1 && sport 2',
    'sport 1 || sport 2',
    'sport 1 not sport 2',
  ],
  ...[
    'sport 1 ( sport 2 or sport 3 )',
    'state established',
    'state ESTABLISHED',
    'state syn-rcv',
    'exclude all',
  ],
  ...[
    'state unconnected sport = 22 or dport = 22',
    'state big exclude last-ack',
    'state closed state closing',
  ],
];

const REJECTED_BY_BOTH = [
  ...[
    'dst',
    'not',
    '!',
    'foo',
    '10.0.0.1',
    'sport = 22x',
    'sport = 0x',
    'sport = 10.0.0.1:22',
    'sport = [::1]:22',
  ],
  ...[
    'sport = 22,',
    'sport WWW',
    'sport EQ 22',
    'sport => 22',
    'sport =< 22',
    'SPORT = 22',
    'sport 1 OR sport 2',
  ],
  ...[
    'sport 1 or',
    'sport 1 and',
    'sport 1 &',
    '& sport 1',
    'or sport 1',
    'sport 1 or or sport 2',
    'sport 1 foo',
  ],
  ...[
    'sport 1 and and sport 2',
    'sport 1 or and sport 2',
    '( sport 1',
    'sport 1 )',
    'dst = = *',
    'src > 10.0.0.1',
  ],
  ...[
    'dst [::1]/64',
    'dst [::1',
    'dst */0',
    'dst any/8',
    'dst 10.0.0.1/33',
    'dst 10.0.0.1/',
    'dst 10.0.0.1/-1',
  ],
  ...[
    'dst ::1/129',
    'dst 10.',
    'dst 10..1',
    'dst 10.0.0.256',
    'dst 10.0.0.0.0',
    'dst 10/08',
    'dst 10/255.0.255.0',
  ],
  ...[
    'dst inet:::1',
    'dst inet6:10.0.0.1',
    'dst fe80::1%lo',
    'dst [fe80::1%lo]',
    'dst or',
    'dst not',
    'dst = eq',
  ],
  ...[
    'src /run/x',
    'src @foo',
    'src INET:*',
    'src link:nosuch',
    'src link:0x10000',
    'src link:-1',
    'src netlink:x',
  ],
  ...['src netlink:1000', 'src netlink:rtnl/5', 'src netlink:nft:x', 'src vsock:x', 'src vsock:4294967296'],
  ...[
    'src vsock:-1',
    'src vsock:2:x',
    'dev > lo',
    'dev *',
    'fwmark x',
    'fwmark 1/',
    'fwmark 1/x',
    'fwmark 1 / 3',
  ],
  ...[
    'fwmark > 1',
    'autobound = 1',
    'cgroup nosuch',
    'state',
    'state nosuch',
    'STATE all',
    'sport 1 exclude all',
  ],
];

/** Beside what FILTERS.md has: no blanks around signs, and a number that is cut to its type. */
const REJECTED_HERE: [text: string, reason: string][] = [
  ['sport = 70000', 'ss cuts ports to 16 bits'],
  ['sport = -1', 'ss cuts ports to 16 bits'],
  ['sport = +22', 'a number has no sign'],
  ['fwmark -1', 'ss cuts marks to 32 bits'],
  ['fwmark 4294967296', 'ss cuts marks to 32 bits'],
  ['fwmark 0x', 'ss takes it for 0'],
  ['fwmark +1', 'a number has no sign'],
  ['sport = :', 'ss takes no port for any: what is forgotten must not match everything'],
  ['sport = *:', 'likewise'],
  ['sport = **', 'ss looks no further than the first letter'],
  ['sport = unix:5', 'unix sockets have no ports'],
  ['sport > vsock:5', 'a port of vsock is a part of a host, equal or not'],
  ['dst 10.0.0.1:', 'ss takes no port for any'],
  ['dst [::1]:', 'likewise'],
  ['dst inet:', 'ss takes no address for any'],
  ['src unix:', 'likewise'],
  ['src link:', 'likewise'],
  ['src netlink:', 'likewise'],
  ['src vsock:', 'likewise'],
  ['dst []', 'likewise'],
  ['dst [*]', 'brackets hold an IPv6 address'],
  ['dst [10.0.0.1]', 'brackets hold an IPv6 address'],
  ['dst [::1]22', 'ss takes the 22 for a port without a colon'],
  ['dst *22', 'likewise'],
  ['dst 10', 'ss has 10.0.0.0, inet_aton(3) has 0.0.0.10, and most of those who write it mean a port'],
  ['dst 256', 'ss has 0.0.1.0'],
  ['dst 010.0.0.1', 'octal to ss, decimal to others'],
  ['dst 0x0a.0.0.1', 'hexadecimal to ss, a name to others'],
  ['dst ::1:22', 'an address, or one with a port: ss takes it for the latter'],
  ['dst localhost', 'names are looked up by resolve()'],
  ['src unix:a(b', 'a parenthesis ends a name that is not quoted'],
  ['src unix:a&b', 'likewise an and'],
  ['src unix:a|b', 'likewise an or'],
  ['state unknown', 'the name of no state: ss asks the kernel for number 0'],
];

const REJECTED_BY_SS: [text: string, reason: string][] = [
  ['sport=22', 'blanks are wanted there'],
  ['!sport 22', 'likewise'],
  ['(sport 22)', 'likewise'],
  ['( )', 'has no text for everything'],
  ['sport 1 state listening', 'has states only in front of the expression'],
  ['state all and sport 22', 'has no and behind them'],
  ['state all or sport 22', 'has no or behind them'],
  ['dst ::1', 'is cut at the last colon'],
  ['dst ::', 'likewise'],
  ['dst 1:2:3:4:5:6:7:8', 'likewise'],
  ['dst ::ffff:1.2.3.4', 'likewise'],
  ['dst inet6:::1', 'likewise'],
  ['dst neq 10/8', 'has ne and != but not neq in front of hosts'],
  ['dev nosuch', 'looks it up at once'],
  ['src link:ip:nosuch', 'likewise'],
  ['cgroup /nosuch', 'likewise'],
  ['cgroup 1', 'has no ids'],
  ['src link:802_1q', 'has it with a dot only'],
  ['src netlink:route', 'has it as rtnl'],
  ['src netlink:nft:4294967295', 'takes -1 for it only'],
  ['src unix:"a b"', 'has no quotes'],
];

describe('beside ss', () => {
  test('what both take, and what neither does', (context) => {
    if (lackOf('ss')) return context.skip();
    for (const text of ACCEPTED_BY_BOTH)
      expect([text, isAccepted(text), ssAccepts(text)]).toEqual([text, true, true]);
    for (const text of REJECTED_BY_BOTH) {
      expect([text, isAccepted(text), ssAccepts(text)]).toEqual([text, false, false]);
    }
  });

  test('what only one of them takes, and why', () => {
    for (const [text, reason] of REJECTED_HERE) expect(isAccepted(text), `${text}: ${reason}`).toBe(false);
    for (const [text, reason] of REJECTED_BY_SS) expect(isAccepted(text), `${text}: ${reason}`).toBe(true);
  });

  test('the reasons are still true of the version that they were found in', (context) => {
    if (lackOf('ss')) return context.skip();
    const { stdout } = spawnSync('ss', ['-V'], { encoding: 'utf8' });
    if (!stdout.includes('iproute2-6.1.')) return context.skip();
    for (const [text, reason] of REJECTED_HERE) expect(ssAccepts(text), `${text}: ${reason}`).toBe(true);
    for (const [text, reason] of REJECTED_BY_SS) expect(ssAccepts(text), `${text}: ${reason}`).toBe(false);
  });
});
