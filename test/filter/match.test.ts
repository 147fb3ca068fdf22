/** The matcher: which records a filter is about, and what it says of them. */
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { parseAddress, prefixOf } from '../../lib/filter/addresses.js';
import { normalise } from '../../lib/filter/combine.js';
import { type MatchOptions, match, matcher } from '../../lib/filter/match.js';
import { parse } from '../../lib/filter/parser.js';
import { print } from '../../lib/filter/print.js';
import { FILTER_STATES, wordsOf } from '../../lib/filter/states.js';
import type { Device, End, Expression, HostPattern, InetPattern, Prefix } from '../../lib/filter/tree.js';
import type {
  DiagMsg,
  InetDiagMsg,
  SctpDiagMsg,
  SmcDiagMsg,
  TcpDiagMsg,
  UnixDiagMsg,
} from '../../lib/index.js';
import type { SocketState } from '../../lib/record/state.js';
import { NAMES, Random, randomExpression, randomRecord } from './random.js';

const INET: Omit<InetDiagMsg, 'protocol' | 'state' | 'timer'> = {
  family: 'inet',
  retrans: 0,
  src: '10.0.0.1',
  sport: 22,
  dst: '10.0.0.2',
  dport: 40000,
  ifindex: 2,
  cookie: '1',
  expires: 0,
  rqueue: 0,
  wqueue: 0,
  uid: 0,
  inode: 4711,
  shutdown: 'none',
  mark: 3,
  cgroupId: 63,
};

const TCP: TcpDiagMsg = { ...INET, protocol: 'tcp', state: 'ESTABLISHED', timer: 'off' };
const IDENTITY = { inode: 22, cookie: '2' };
const UNIX: UnixDiagMsg = { family: 'unix', type: 'stream', state: 'ESTABLISHED', peer: 22, ...IDENTITY };
const PACKET: DiagMsg = {
  family: 'packet',
  type: 'raw',
  num: 0x0800,
  ...IDENTITY,
  info: {
    index: 1,
    version: 'v1',
    reserve: 0,
    copyThresh: 0,
    tstamp: 0,
    flags: { running: true, auxdata: false, origdev: false, vnethdr: false, loss: false },
  },
};
const NETLINK: DiagMsg = {
  family: 'netlink',
  type: 'raw',
  protocol: 'route',
  state: 'CLOSE',
  portid: 22,
  dstPortid: 0,
  dstGroup: 0,
  ...IDENTITY,
};
const VSOCK: DiagMsg = {
  family: 'vsock',
  type: 'stream',
  state: 'ESTABLISHED',
  shutdown: 'none',
  srcCid: 3,
  srcPort: 1024,
  dstCid: 2,
  dstPort: 22,
  ...IDENTITY,
};
const XDP: DiagMsg = { family: 'xdp', type: 'raw', info: { ifindex: 2, queueId: 22 }, ...IDENTITY };
const TIPC: DiagMsg = {
  family: 'tipc',
  type: 'stream',
  state: 'OPEN',
  addr: 0,
  ref: 22,
  hasPubl: false,
  stat: { rcvq: 0, sendq: 0, linkCong: false, connCong: false, drop: 0 },
  uid: 0,
  ...IDENTITY,
};
const SMC: SmcDiagMsg = {
  family: 'smc',
  state: 'ACTIVE',
  mode: 'smcr',
  src: '::1',
  sport: 22,
  dst: '::1',
  dport: 40000,
  ifindex: 0,
  uid: 0,
  ...IDENTITY,
};
const NOT_IP: readonly DiagMsg[] = [UNIX, PACKET, NETLINK, VSOCK, XDP, TIPC];

const not = (term: Expression): Expression => ({ kind: 'not', term });
const host = (end: End, pattern: HostPattern): Expression => ({
  kind: 'host',
  end,
  equality: '=',
  host: pattern,
});
const port = (number: number | undefined, comparison = '=' as const): Expression => ({
  kind: 'port',
  end: 'src',
  comparison,
  port: number,
});
const dev = (device: Device): Expression => ({ kind: 'dev', equality: '=', device });
const state = (...states: SocketState[]): Expression => ({ kind: 'state', states });

/** `10.0.0.0/8` as a pattern. */
function inet(...texts: string[]): InetPattern {
  const addresses = texts.map((text): Prefix => {
    const [address = '', length] = text.split('/');
    const { bytes } = parseAddress(address) as Prefix;
    return prefixOf(bytes, length === undefined ? 8 * bytes.length : Number(length));
  });
  return { addresses };
}

/** Whether it matches, its negation, and its opposite with `!=`, if it has that: the two latter are the same. */
function verdicts(expression: Expression, record: DiagMsg, options?: MatchOptions): boolean[] {
  const opposite = match(not(expression), record, options);
  if ('equality' in expression) {
    expect(match({ ...expression, equality: '!=' }, record, options)).toBe(opposite);
  }
  return [match(expression, record, options), opposite];
}

const YES = [true, false];
const NO = [false, true];
/** It says nothing of such a record. */
const NOTHING = [false, false];

test('without terms, and is always true and or never', () => {
  for (const record of [TCP, ...NOT_IP]) {
    expect(verdicts({ kind: 'and', terms: [] }, record)).toEqual(YES);
    expect(verdicts({ kind: 'or', terms: [] }, record)).toEqual(NO);
  }
});

describe('ports', () => {
  test.each([
    ['=', [false, true, false]],
    ['!=', [true, false, true]],
    ['>=', [false, true, true]],
    ['<=', [true, true, false]],
    ['>', [false, false, true]],
    ['<', [true, false, false]],
  ] as const)('are compared with %s', (comparison, expected) => {
    const records = [21, 22, 23].map((sport) => ({ ...TCP, sport }));
    const matches = matcher({ kind: 'port', end: 'src', comparison, port: 22 });
    expect(records.map(matches)).toEqual(expected);
  });

  test('are all equal to *, and neither greater nor less', () => {
    for (const [comparison, expected] of [
      ['=', YES],
      ['!=', NO],
      ['>=', YES],
      ['<=', YES],
      ['>', NO],
      ['<', NO],
    ] as const) {
      expect(verdicts({ kind: 'port', end: 'dst', comparison }, TCP)).toEqual(expected);
    }
  });

  test('are those of IP: nothing is said of the inode of a unix socket, or the port of vsock', () => {
    for (const record of NOT_IP) {
      expect(verdicts(port(22), record)).toEqual(NOTHING);
      expect(verdicts(port(undefined), record)).toEqual(NOTHING);
      expect(verdicts(host('src', {}), record)).toEqual(NOTHING);
      expect(verdicts(host('dst', { port: 22 }), record)).toEqual(NOTHING);
    }
    expect(verdicts(port(22), SMC)).toEqual(YES);
  });
});

describe('addresses, as the kernel compares them', () => {
  const six = (src: string): TcpDiagMsg => ({ ...TCP, family: 'inet6', src });
  const four = (src: string): TcpDiagMsg => ({ ...TCP, src });

  test.each<[string, InetPattern, TcpDiagMsg, boolean]>([
    ['all of an address', inet('10.0.0.1'), four('10.0.0.1'), true],
    ['another address', inet('10.0.0.1'), four('10.0.0.2'), false],
    ['a prefix', inet('10.0.0.0/31'), four('10.0.0.1'), true],
    ['one bit too many', inet('10.0.0.0/32'), four('10.0.0.1'), false],
    ['the first bit', inet('128.0.0.0/1'), four('192.168.1.1'), true],
    ['any address of IPv4', inet('0.0.0.0/0'), four('192.168.1.1'), true],
    ['IPv4 and a v4-mapped address', inet('10.0.0.0/8'), six('::ffff:10.0.0.1'), true],
    ['IPv4 and another v4-mapped address', inet('10.0.0.0/8'), six('::ffff:11.0.0.1'), false],
    ['IPv4 and a compatible address', inet('10.0.0.1'), six('::10.0.0.1'), false],
    ['IPv4 of length 0 and a v4-mapped address', inet('0.0.0.0/0'), six('::ffff:10.0.0.1'), true],
    ['IPv4 of length 0 and ::', inet('0.0.0.0/0'), six('::'), false],
    ['IPv6', inet('2001:db8::1'), six('2001:db8::1'), true],
    ['a prefix of IPv6', inet('2001:db8::/33'), six('2001:db8:7fff::1'), true],
    ['one bit too many of IPv6', inet('2001:db8::/33'), six('2001:db8:8000::1'), false],
    ['a prefix that ends in the last word', inet('2001:db8::4/126'), six('2001:db8::7'), true],
    ['any address of IPv6', inet('::/0'), six('::ffff:10.0.0.1'), true],
    ['any address of IPv6, and IPv4', inet('::/0'), four('10.0.0.1'), false],
    ['a v4-mapped pattern', inet('::ffff:10.0.0.1'), six('::ffff:10.0.0.1'), true],
    ['a v4-mapped pattern and IPv4', inet('::ffff:10.0.0.1'), four('10.0.0.1'), false],
    ['one of several', inet('10.0.0.9', '::1', '10.0.0.1'), four('10.0.0.1'), true],
    ['none of several', inet('10.0.0.9', '::1'), four('10.0.0.1'), false],
    ['inet:*', { family: 'inet' }, four('10.0.0.1'), true],
    ['inet:* and a v4-mapped address', { family: 'inet' }, six('::ffff:10.0.0.1'), true],
    ['inet:* and ::', { family: 'inet' }, six('::'), false],
    ['inet6:*', { family: 'inet6' }, six('::ffff:10.0.0.1'), true],
    ['inet6:* and IPv4', { family: 'inet6' }, four('10.0.0.1'), false],
    ['an address and its port', { ...inet('10.0.0.1'), port: 22 }, four('10.0.0.1'), true],
    ['an address and another port', { ...inet('10.0.0.1'), port: 23 }, four('10.0.0.1'), false],
    ['no address but a port', { port: 22 }, six('::'), true],
    ['nothing', {}, six('::'), true],
  ])('%s', (_what, pattern, record, expected) => {
    expect(verdicts(host('src', pattern), record)).toEqual([expected, !expected]);
    const turned = { ...record, dst: record.src, dport: record.sport, src: '::2', sport: 1 };
    expect(verdicts(host('dst', pattern), turned)).toEqual([expected, !expected]);
  });

  test('more of them than are remembered', () => {
    const matches = matcher(host('src', inet('10.0.0.0/12')));
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 10_000; i++)
        expect(matches(four(`10.${i % 32}.${i >> 8}.${i & 255}`))).toBe(i % 32 < 16);
    }
  });

  test('of SCTP, one of all that an end has', () => {
    const address = (addr: string) => ({ family: 'inet' as const, addr, port: 22 });
    const record: SctpDiagMsg = {
      ...INET,
      protocol: 'sctp',
      state: 'ESTABLISHED',
      timer: 'off',
      family: 'inet6',
      // What the kernel makes of IPv4 addresses there.
      src: 'a00:1::',
      locals: [address('10.0.0.1'), address('10.0.1.1')],
    };
    expect(verdicts(host('src', inet('10.0.1.1')), record)).toEqual(YES);
    expect(verdicts(host('src', inet('a00:1::')), record)).toEqual(NO);
    expect(verdicts(host('dst', inet('10.0.0.2')), record)).toEqual(YES);
    expect(verdicts(host('dst', inet('10.0.0.2')), { ...record, peers: [address('10.0.0.3')] })).toEqual(NO);
  });

  test('of SMC, by what stands there: its family does not tell', () => {
    expect(verdicts(host('src', { family: 'inet6' }), SMC)).toEqual(YES);
    expect(verdicts(host('src', inet('0.0.0.0')), { ...SMC, src: '0.0.0.0' })).toEqual(YES);
  });
});

describe('names of unix sockets', () => {
  const src = (glob?: string): Expression => host('src', { family: 'unix', glob });

  test.each([
    ['/run/x', '/run/*', YES],
    ['/RUN/X', '/run/x', YES],
    ['/tmp/x', '/run/*', NO],
    ['@abc', '@*', YES],
    ['/run/x', undefined, YES],
    [undefined, undefined, YES],
    [undefined, '*', YES],
    [undefined, '?*', NO],
    // ss prints it as *, but compares nothing.
    [undefined, '\\*', NO],
  ])('%s and unix:%s', (name, glob, expected) => {
    const record = name === undefined ? UNIX : { ...UNIX, name };
    expect(verdicts(src(glob), record)).toEqual(expected);
  });

  test('the name of the far end is not told: to ss, it is empty', () => {
    const record = { ...UNIX, name: '/run/x' };
    expect(verdicts(host('dst', { family: 'unix', glob: '/run/*' }), record)).toEqual(NO);
    expect(verdicts(host('dst', { family: 'unix' }), record)).toEqual(YES);
  });
});

test('packet sockets have an ethertype and an interface, and no far end', () => {
  expect(verdicts(host('src', { family: 'link', protocol: 0x0800 }), PACKET)).toEqual(YES);
  expect(verdicts(host('src', { family: 'link', protocol: 3 }), PACKET)).toEqual(NO);
  expect(verdicts(host('src', { family: 'link', device: 'lo' }), PACKET, NAMES)).toEqual(YES);
  expect(verdicts(host('src', { family: 'link', protocol: 0x0800, device: 2 }), PACKET)).toEqual(NO);
  expect(verdicts(host('dst', { family: 'link', protocol: 0 }), PACKET)).toEqual(NO);
  expect(verdicts(host('dst', { family: 'link' }), PACKET)).toEqual(YES);
});

test('netlink sockets have one protocol, and a port id at each end', () => {
  expect(verdicts(host('src', { family: 'netlink', protocol: 0 }), NETLINK)).toEqual(YES);
  expect(verdicts(host('dst', { family: 'netlink', protocol: 0, portid: 0 }), NETLINK)).toEqual(YES);
  expect(verdicts(host('src', { family: 'netlink', portid: 0 }), NETLINK)).toEqual(NO);
  expect(verdicts(host('src', { family: 'netlink', protocol: 16, portid: 22 }), NETLINK)).toEqual(NO);
});

test('vsock has a context id and a port at each end', () => {
  expect(verdicts(host('src', { family: 'vsock', cid: 3 }), VSOCK)).toEqual(YES);
  expect(verdicts(host('dst', { family: 'vsock', cid: 2, port: 22 }), VSOCK)).toEqual(YES);
  expect(verdicts(host('dst', { family: 'vsock', cid: 3, port: 22 }), VSOCK)).toEqual(NO);
  expect(verdicts(host('dst', { family: 'vsock', port: 23 }), VSOCK)).toEqual(NO);
});

test('a pattern of one family says nothing of another, whatever stands in front of it', () => {
  const patterns: HostPattern[] = [
    inet('10.0.0.1'),
    { family: 'unix' },
    { family: 'link' },
    { family: 'netlink' },
    { family: 'vsock' },
  ];
  const familyOf = ({ family }: HostPattern): string => (family === 'link' ? 'packet' : (family ?? 'inet'));
  for (const pattern of patterns) {
    for (const record of [TCP, ...NOT_IP].filter(({ family }) => family !== familyOf(pattern))) {
      expect(verdicts(host('src', pattern), record)).toEqual(NOTHING);
      expect(verdicts(not(host('src', pattern)), record)).toEqual(NOTHING);
    }
  }
  // In an alternative that is about others, too.
  const either: Expression = {
    kind: 'or',
    terms: [not(port(22)), host('src', { family: 'unix', glob: '/x' })],
  };
  expect(match(either, UNIX)).toBe(false);
  expect(match(either, { ...UNIX, name: '/x' })).toBe(true);
  expect(match(either, { ...TCP, sport: 23 })).toBe(true);
});

test('an interface is that of IP, packet and XDP sockets', () => {
  expect(verdicts(dev(2), TCP)).toEqual(YES);
  expect(verdicts(dev('eth0'), TCP, NAMES)).toEqual(YES);
  expect(verdicts(dev('lo'), TCP, NAMES)).toEqual(NO);
  expect(verdicts(dev(0), { ...TCP, ifindex: 0 })).toEqual(YES);
  expect(verdicts(dev(1), PACKET)).toEqual(YES);
  expect(verdicts(dev(2), XDP)).toEqual(YES);
  for (const record of [UNIX, NETLINK, VSOCK, TIPC]) expect(verdicts(dev(2), record)).toEqual(NOTHING);
});

test('names are those of this machine, if no option says otherwise', () => {
  expect(match(dev('lo'), { ...TCP, ifindex: 1 })).toBe(true);
  expect(() => matcher(dev('nosuch0'))).toThrow(/no network interface 'nosuch0'/);
  expect(() => matcher(dev('nosuch0'), NAMES)).toThrow(/no network interface 'nosuch0'/);
  const cgroup: Expression = { kind: 'cgroup', equality: '=', cgroup: '/no/such' };
  expect(() => matcher(cgroup)).toThrow(/no cgroup/);
  expect(() => matcher(cgroup, NAMES)).toThrow(/no cgroup '\/no\/such'/);
});

describe('marks', () => {
  const mark = (value: number, mask = 0xffffffff): Expression => ({
    kind: 'fwmark',
    equality: '=',
    mark: value,
    mask,
  });

  test('are compared under a mask, all 32 bits of them', () => {
    expect(verdicts(mark(3), TCP)).toEqual(YES);
    expect(verdicts(mark(1, 1), TCP)).toEqual(YES);
    expect(verdicts(mark(1, 2), TCP)).toEqual(NO);
    expect(verdicts(mark(0, 4), TCP)).toEqual(YES);
    expect(verdicts(mark(0x80000000, 0x80000000), { ...TCP, mark: 0xffffffff })).toEqual(YES);
    expect(verdicts(mark(0xffffffff), { ...TCP, mark: 0xffffffff })).toEqual(YES);
  });

  test('cannot be told without privilege, and then nothing else is told', () => {
    const { mark: _, ...record } = TCP;
    expect(() => match(mark(3), record)).toThrow(expect.objectContaining({ code: 'EPERM' }));
    expect(() => match(not(mark(3)), record)).toThrow(/CAP_NET_ADMIN/);
    // Nothing is to be looked at.
    expect(verdicts(mark(0, 0), record)).toEqual(YES);
    expect(verdicts(mark(2, 1), record)).toEqual(NO);
  });

  test('of TIME_WAIT are 0 where the kernel does not tell them', () => {
    const { mark: _, shutdown: __, ...rest } = TCP;
    const record: TcpDiagMsg = { ...rest, state: 'TIME_WAIT', timer: 'timewait' };
    expect(verdicts(mark(0), record)).toEqual(YES);
    expect(verdicts(mark(3), { ...record, mark: 3 })).toEqual(YES);
  });

  test('are of IP sockets', () => {
    for (const record of [SMC, ...NOT_IP]) expect(verdicts(mark(0), record)).toEqual(NOTHING);
  });
});

describe('cgroups', () => {
  const cgroup = (idOrPath: number | string): Expression => ({
    kind: 'cgroup',
    equality: '=',
    cgroup: idOrPath,
  });

  test('are compared by id, and are not in one another', () => {
    expect(verdicts(cgroup(63), TCP)).toEqual(YES);
    expect(verdicts(cgroup('/a'), TCP, NAMES)).toEqual(YES);
    expect(verdicts(cgroup('/'), TCP, NAMES)).toEqual(NO);
    expect(verdicts(cgroup('/a'), TCP, { cgroup: () => 63n })).toEqual(YES);
  });

  test('are not of SYN_RECV and TIME_WAIT', () => {
    const { cgroupId: _, shutdown: __, ...rest } = TCP;
    expect(verdicts(cgroup(63), { ...rest, state: 'SYN_RECV' })).toEqual(NO);
  });

  test('cannot be told where the kernel does not tell them', () => {
    const { cgroupId: _, ...rest } = TCP;
    expect(() => match(cgroup(63), rest)).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP' }));
  });

  test('are of IP sockets', () => {
    for (const record of [SMC, ...NOT_IP]) expect(verdicts(cgroup(1), record)).toEqual(NOTHING);
  });
});

describe('autobound', () => {
  const autobound: Expression = { kind: 'autobound' };

  test('is a port in the range that the kernel gives ports from', () => {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [least = 0, most = 0] = text.trim().split(/\s+/).map(Number);
    const of = (sport: number, options?: MatchOptions) => match(autobound, { ...TCP, sport }, options);
    expect([of(least - 1), of(least), of(most), of(most + 1)]).toEqual([false, true, true, false]);
    const portRange = [20, 22] as const;
    expect([of(19, { portRange }), of(20, { portRange }), of(22, { portRange })]).toEqual([
      false,
      true,
      true,
    ]);
    expect(verdicts(autobound, SMC, { portRange })).toEqual(YES);
  });

  test.each<[DiagMsg, readonly boolean[]]>([
    [UNIX, YES],
    [{ ...UNIX, name: '@0a1b2' }, YES],
    [{ ...UNIX, name: '@0a1bx' }, NO],
    [{ ...UNIX, name: '@0a1b23' }, NO],
    [{ ...UNIX, name: '/run/x' }, NO],
    [NETLINK, NO],
    [{ ...NETLINK, portid: 0x80000001 }, YES],
    [VSOCK, YES],
    [{ ...VSOCK, srcPort: 1023 }, NO],
    [{ ...VSOCK, srcPort: 0xffffffff }, NO],
    [PACKET, NO],
    [{ family: 'packet', type: 'raw', num: 0, ...IDENTITY }, YES],
    [XDP, NOTHING],
    [TIPC, NOTHING],
  ])('is for other families what it is for ss: %o', (record, expected) => {
    expect(verdicts(autobound, record)).toEqual(expected);
  });
});

describe('states', () => {
  test('are those of the record', () => {
    expect(verdicts(state('ESTABLISHED', 'LISTEN'), TCP)).toEqual(YES);
    expect(verdicts(state('LISTEN'), TCP)).toEqual(NO);
    expect(verdicts(state('ESTABLISHED'), UNIX)).toEqual(YES);
    expect(verdicts(state(), TCP)).toEqual(NO);
  });

  test('NEW_SYN_RECV is reported as SYN_RECV', () => {
    expect(verdicts(state('NEW_SYN_RECV'), { ...TCP, state: 'SYN_RECV' })).toEqual(YES);
  });

  test('a TCP socket in CLOSE is BOUND_INACTIVE, which is how the kernel chooses it', () => {
    const bound: TcpDiagMsg = { ...TCP, state: 'CLOSE' };
    expect(verdicts(state('BOUND_INACTIVE'), bound)).toEqual(YES);
    expect(verdicts(state('CLOSE'), bound)).toEqual(NO);
    const udp: DiagMsg = { ...TCP, protocol: 'udp', state: 'CLOSE' } as DiagMsg;
    expect(verdicts(state('BOUND_INACTIVE'), udp)).toEqual(NO);
    expect(verdicts(state('CLOSE'), udp)).toEqual(YES);
  });

  test('sockets that have none are in CLOSE', () => {
    expect(verdicts(state('CLOSE'), PACKET)).toEqual(YES);
    expect(verdicts(state('ESTABLISHED'), XDP)).toEqual(NO);
  });

  test('those of TIPC are those of TCP by other names', () => {
    expect(verdicts(state('CLOSE'), TIPC)).toEqual(YES);
    expect(verdicts(state('ESTABLISHED', 'BOUND_INACTIVE'), TIPC)).toEqual(NO);
    const disconnecting: DiagMsg = { ...TIPC, state: 'DISCONNECTING' } as DiagMsg;
    expect(verdicts(state('CLOSE_WAIT'), disconnecting)).toEqual(YES);
    expect(verdicts(state('CLOSE'), disconnecting)).toEqual(NO);
  });

  test('those of another kind are in no list but that of all', () => {
    const all = [...new Set<SocketState>(['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2'])];
    all.push('TIME_WAIT', 'CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'BOUND_INACTIVE');
    expect(verdicts(state('ESTABLISHED', 'CLOSE'), SMC)).toEqual(NO);
    expect(verdicts(state(...all), SMC)).toEqual(YES);
    expect(verdicts(state('LISTEN'), { ...SMC, state: 'LISTEN' })).toEqual(YES);
  });
});

test('a state without a name is in no list, however many of them are alternatives, and only all of them together leave nothing out', () => {
  const nameless = { ...TCP, family: 'smc', state: 'APPCLOSEWAIT1' } as unknown as DiagMsg;
  const half = (from: number): Expression => ({ kind: 'state', states: FILTER_STATES.slice(from, from + 6) });
  const halves: Expression = { kind: 'or', terms: [half(0), half(6)] };
  const singles = parse(FILTER_STATES.map((state) => `state ${wordsOf([state])[0]}`).join(' or '));
  for (const tree of [halves, singles, parse(print(halves)), parse(print(singles))]) {
    expect([match(tree, nameless), match(not(tree), nameless)]).toEqual([false, true]);
    for (const state of ['ESTABLISHED', 'LISTEN'] as const) expect(match(tree, { ...TCP, state })).toBe(true);
    expect(normalise(parse(print(tree)))).toEqual(normalise(tree));
  }
  const all: Expression = { kind: 'or', terms: [half(0), { kind: 'state', states: [...FILTER_STATES] }] };
  for (const tree of [all, parse(print(all)), parse('state all')]) expect(match(tree, nameless)).toBe(true);
});

test('a long chain of terms is no trouble', () => {
  let chain: Expression = port(1);
  for (let i = 0; i < 100_000; i++) chain = { kind: 'or', terms: [chain, port(i & 15)] };
  expect(match(chain, { ...TCP, sport: 5 })).toBe(true);
  expect(match(not(chain), { ...TCP, sport: 5 })).toBe(false);
  expect(match(not(chain), { ...TCP, sport: 50 })).toBe(true);
});

test('what is no expression, and wrong options, are refused at the call', () => {
  const wrong = (expression: unknown, options?: unknown) => () =>
    matcher(expression as Expression, options as MatchOptions);
  expect(wrong('sport = 22')).toThrow(TypeError);
  expect(wrong(undefined)).toThrow(TypeError);
  expect(wrong({ kind: 'sport' })).toThrow(/there is no kind sport/);
  expect(wrong(port(22), { devices: NAMES.device })).toThrow(/there is no option 'devices'/);
  expect(wrong(port(22), { device: 'lo' })).toThrow(/options.device must be a function/);
  expect(wrong(port(22), { portRange: [1] })).toThrow(/options.portRange must be/);
});

/** What an expression says, by the book: true, false or nothing. */
function threeValued(expression: Expression, record: DiagMsg): boolean | undefined {
  switch (expression.kind) {
    case 'not': {
      const said = threeValued(expression.term, record);
      return said === undefined ? undefined : !said;
    }
    case 'and':
    case 'or': {
      const said = expression.terms.map((term) => threeValued(term, record));
      const decisive = expression.kind === 'or';
      if (said.includes(decisive)) return decisive;
      return said.includes(undefined) ? undefined : !decisive;
    }
    default:
      if (match(expression, record, NAMES)) return true;
      return match(not(expression), record, NAMES) ? false : undefined;
  }
}

test('and, or and not are those of three-valued logic, for 20,000 random filters and records', () => {
  const random = new Random(2);
  const seen = { true: 0, false: 0, undefined: 0 };
  for (let i = 0; i < 20_000; i++) {
    const expression = randomExpression(random);
    const record = randomRecord(random);
    const expected = threeValued(expression, record);
    seen[`${expected}`]++;
    const said = match(expression, record, NAMES);
    if (said !== (expected === true)) expect({ expression, record, said }).toEqual({ expected });
  }
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(1000);
});
