/** Names of kinds of sockets: text to numbers and back. */
import { describe, expect, test } from 'vitest';

import { formatHook, type Hook, NameSyntaxError, parseHook } from '../../lib/name/index.js';
import { Random } from '../filter/random.js';

const hook = (family: number, type: number, protocol: number): Hook => ({ family, type, protocol });

describe('golden forms', () => {
  test.each([
    ['inet/dgram/udp', hook(2, 2, 17)],
    ['inet/stream/tcp', hook(2, 1, 6)],
    ['inet/raw/icmp', hook(2, 3, 1)],
    ['inet/raw/raw', hook(2, 3, 255)],
    ['inet/stream/0', hook(2, 1, 0)],
    ['inet/seqpacket/sctp', hook(2, 5, 132)],
    ['inet/stream/mptcp', hook(2, 1, 262)],
    ['inet/dgram/udplite', hook(2, 2, 136)],
    ['inet/dccp/dccp', hook(2, 6, 33)],
    ['inet6/dgram/icmp6', hook(10, 2, 58)],
    ['inet6/stream/tcp', hook(10, 1, 6)],
    ['local/stream/0', hook(1, 1, 0)],
    ['local/seqpacket/0', hook(1, 5, 0)],
    ['netlink/raw/route', hook(16, 3, 0)],
    ['netlink/dgram/generic', hook(16, 2, 16)],
    ['packet/packet/768', hook(17, 10, 768)],
    ['key/raw/2', hook(15, 3, 2)],
    ['tipc/rdm/0', hook(30, 4, 0)],
    ['vsock/stream/0', hook(40, 1, 0)],
    ['xdp/raw/0', hook(44, 3, 0)],
    ['smc/stream/1', hook(43, 1, 1)],
    ['bluetooth/seqpacket/0', hook(31, 5, 0)],
    ['99/7/8', hook(99, 7, 8)],
  ])('%s', (text, value) => {
    expect(parseHook(text)).toEqual(value);
    expect(formatHook(value)).toBe(text);
    const decimals = formatHook(value, { decimals: true });
    expect(decimals).toBe(`${value.family}/${value.type}/${value.protocol}`);
    expect(parseHook(decimals)).toEqual(value);
  });

  test.each([
    ['2/2/17', 'inet/dgram/udp'],
    ['unix/dgram/0', 'local/dgram/0'],
    ['INET/Stream/TCP', 'inet/stream/tcp'],
    ['  inet/stream/ip\n', 'inet/stream/0'],
    ['inet/1/tcp', 'inet/stream/tcp'],
  ])('%j is another spelling of %s', (text, canonical) => {
    expect(formatHook(parseHook(text))).toBe(canonical);
  });
});

describe('numbers of FreeBSD', () => {
  const freebsd = { numbers: 'freebsd' } as const;

  test.each([
    ['28/1/6', hook(10, 1, 6)],
    ['2/2/17', hook(2, 2, 17)],
    ['1/1/0', hook(1, 1, 0)],
    ['38/3/0', hook(16, 3, 0)],
    ['16/2/0', hook(5, 2, 0)],
    ['27/3/2', hook(15, 3, 2)],
  ])('%s', (text, value) => {
    expect(parseHook(text, freebsd)).toEqual(value);
    expect(formatHook(value, { ...freebsd, decimals: true })).toBe(text);
    // Words are the same.
    expect(parseHook(formatHook(value), freebsd)).toEqual(value);
  });

  test('without asking, they are those of Linux', () => {
    expect(parseHook('28/1/6')).toEqual(hook(28, 1, 6));
    expect(formatHook(hook(28, 1, 6))).toBe('mpls/stream/6');
  });

  test('what only one of the two has is an error', () => {
    expect(() => parseHook('32/1/0', freebsd)).toThrow(
      /^found '32', but expected a family \(Linux has no such/,
    );
    expect(() => formatHook(hook(40, 1, 0), { ...freebsd, decimals: true })).toThrow(
      'FreeBSD has no family vsock',
    );
  });
});

describe('what is none', () => {
  test.each([
    ['', 0],
    ['inet', 4],
    ['inet/', 5],
    ['inet/stream', 11],
    ['inet/stream/', 12],
    ['inet/stream/tcp/1', 15],
    ['inet/stream/tcp x', 16],
    ['inett/stream/tcp', 0],
    ['inet/streams/tcp', 5],
    ['inet/stream/tcpp', 12],
    ['local/stream/tcp', 13],
    ['inet /stream/tcp', 4],
    ['-1/1/6', 0],
    ['2/1/65536', 4],
    ['2/1/0x6', 5],
    ['inet6/stream/route', 13],
  ])('%j is an error at %d', (text, position) => {
    const parse = (): Hook => parseHook(text);
    expect(parse).toThrow(NameSyntaxError);
    try {
      parse();
    } catch (error) {
      expect(error).toMatchObject({ text, position, name: 'NameSyntaxError' });
      expect((error as NameSyntaxError).message).toMatch(/^found .*, but expected .*\n.*\n *\^$/);
    }
  });

  test.each([undefined, null, 2, {}, ['inet/stream/tcp']])('parseHook(%j) is a TypeError', (text) => {
    expect(() => parseHook(text as never)).toThrow(TypeError);
    expect(() => parseHook(text as never)).toThrow(/^parseHook: the name is /);
  });

  test.each([
    [undefined, TypeError],
    [null, TypeError],
    ['inet/stream/tcp', TypeError],
    [{}, RangeError],
    [{ family: 2, type: 1 }, RangeError],
    [{ family: 2, type: 1, protocol: -1 }, RangeError],
    [{ family: 2, type: 1.5, protocol: 0 }, RangeError],
    [{ family: 'inet', type: 1, protocol: 0 }, RangeError],
    [{ family: 70_000, type: 1, protocol: 0 }, RangeError],
  ])('formatHook(%j)', (value, kind) => {
    expect(() => formatHook(value as never)).toThrow(kind);
  });

  test('options are checked', () => {
    expect(() => parseHook('2/1/6', { numbers: 'bsd' } as never)).toThrow(/options.numbers is 'bsd'/);
    expect(() => parseHook('2/1/6', { number: 'linux' } as never)).toThrow(/no option 'number'/);
    expect(() => formatHook(hook(2, 1, 6), { decimals: 1 } as never)).toThrow(/options.decimals is 1/);
  });
});

test('5,000 hooks: what is printed reads as what it was', () => {
  const random = new Random(1996);
  for (let i = 0; i < 5000; i++) {
    const value = hook(
      random.below(50),
      random.below(12),
      random.pick([0, 6, 17, random.below(300), 0xffff]) as number,
    );
    expect(parseHook(formatHook(value))).toEqual(value);
    expect(parseHook(formatHook(value, { decimals: true }))).toEqual(value);
  }
});

test('20,000 texts with faults: a value, or an error with a position in the text', () => {
  const random = new Random(1999);
  const pool = ['/', 't', 'inet', '6', '2', '17', ' ', '%', '-', 'ü', '\u{1f600}', '"'];
  let values = 0;
  for (let i = 0; i < 20_000; i++) {
    const letters = [...formatHook(hook(random.below(50), random.below(7), random.below(300)))];
    for (let times = 1 + random.below(3); times > 0; times--) {
      const at = random.below(letters.length + 1);
      letters.splice(at, random.below(3), ...(random.below(2) === 0 ? [random.pick(pool)] : []));
    }
    const text = letters.join('');
    try {
      const value = parseHook(text);
      expect(parseHook(formatHook(value))).toEqual(value);
      values++;
    } catch (error) {
      expect(error).toBeInstanceOf(NameSyntaxError);
      const { position } = error as NameSyntaxError;
      expect(position).toBeGreaterThanOrEqual(0);
      expect(position).toBeLessThanOrEqual(text.length);
    }
  }
  expect(values).toBeGreaterThan(1000);
  expect(values).toBeLessThan(19_000);
});
