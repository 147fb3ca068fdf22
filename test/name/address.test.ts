/** Addresses: text to values and back. */
import { describe, expect, test } from 'vitest';

import { type Address, formatAddress, NameSyntaxError, parseAddress } from '../../lib/name/index.js';
import { Random } from '../filter/random.js';

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('golden forms', () => {
  test.each<[string, Address]>([
    ['inet/192.168.1.1:1234', { family: 'inet', address: '192.168.1.1', port: 1234 }],
    ['inet/0.0.0.0', { family: 'inet', address: '0.0.0.0', port: 0 }],
    ['inet/255.255.255.255:65535', { family: 'inet', address: '255.255.255.255', port: 65535 }],
    ['inet6/[2001:db8::1]:443', { family: 'inet6', address: '2001:db8::1', port: 443 }],
    ['inet6/::', { family: 'inet6', address: '::', port: 0 }],
    ['inet6/[::ffff:192.0.2.1]:80', { family: 'inet6', address: '::ffff:192.0.2.1', port: 80 }],
    ['inet6/[fe80::1%2]:22', { family: 'inet6', address: 'fe80::1', port: 22, scopeId: 2 }],
    ['inet6/fe80::1%2', { family: 'inet6', address: 'fe80::1', port: 0, scopeId: 2 }],
    ['local/"/tmp/foo.socket"', { family: 'local', bytes: utf8('/tmp/foo.socket') }],
    ['local/""', { family: 'local', bytes: bytes() }],
    // FreeBSD would take a digit behind it for a part of the number.
    [
      'local/"\\x00\\x61\\x31g1\\xff\\nb"',
      { family: 'local', bytes: bytes(0, 97, 49, 103, 49, 255, 10, 98) },
    ],
    ['local/"\\x00name\\x00"', { family: 'local', bytes: utf8('\0name\0') }],
    [
      'local/"\\"\\\\\\t\\n\\v\\f\\r\\x7f\\xff~"',
      { family: 'local', bytes: bytes(34, 92, 9, 10, 11, 12, 13, 127, 255, 126) },
    ],
    [
      '{ family=16 len=16 data=[0x70 0x00 0x01 0x23] }',
      { family: 16, len: 16, data: bytes(0x70, 0, 1, 0x23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
    ],
    ['{ family=30 len=2 data=[] }', { family: 30, len: 2, data: bytes() }],
  ])('%s', (text, value) => {
    expect(parseAddress(text)).toEqual(value);
    expect(formatAddress(value)).toBe(text);
  });

  test.each([
    ['2/192.168.1.1:1234', 'inet/192.168.1.1:1234'],
    ['INET/10.0.0.1', 'inet/10.0.0.1'],
    ['inet/10.0.0.1:0', 'inet/10.0.0.1'],
    ['inet6/[::1]', 'inet6/::1'],
    ['inet6/0:0:0:0:0:0:0:1', 'inet6/::1'],
    ['inet6/[2001:DB8:0:0::1]:1', 'inet6/[2001:db8::1]:1'],
    ['10/::1', 'inet6/::1'],
    ['unix/"/a"', 'local/"/a"'],
    ['1/"/a"', 'local/"/a"'],
    ['local/"ü"', 'local/"\\xc3\\xbc"'],
    ['local/"\\101\\0\\x1\\q"', 'local/"A\\x00\\x01q"'],
    ['  local/"a"  ', 'local/"a"'],
    ['{family=16 len=16 data=[112 0 1 35]}', '{ family=16 len=16 data=[0x70 0x00 0x01 0x23] }'],
    [
      '{ data = [ 2=0x12 7 9=1 ] family = 40 len = 16 }',
      '{ family=40 len=16 data=[0x00 0x00 0x12 0x07 0x00 0x00 0x00 0x00 0x00 0x01] }',
    ],
    ['{ family=3 data=[1] }', '{ family=3 len=3 data=[0x01] }'],
    ['{ family=3 }', '{ family=3 len=2 data=[] }'],
  ])('%j is another spelling of %s', (text, canonical) => {
    expect(formatAddress(parseAddress(text))).toBe(canonical);
  });
});

describe('numbers of FreeBSD', () => {
  const freebsd = { numbers: 'freebsd' } as const;
  test('they are translated where they are asked for', () => {
    const text = '{ family=16 len=16 data=[0x70 0x00 0x01 0x23] }';
    const value = parseAddress(text, freebsd);
    expect(value).toMatchObject({ family: 5, len: 16 });
    expect(formatAddress(value, freebsd)).toBe(text);
    expect(parseAddress('28/[::1]:80', freebsd)).toEqual({ family: 'inet6', address: '::1', port: 80 });
    expect(() => parseAddress('{ family=32 len=2 }', freebsd)).toThrow(
      'a family of FreeBSD that Linux has too',
    );
    expect(() => parseAddress('10/::1', freebsd)).toThrow(NameSyntaxError);
    expect(() => formatAddress({ family: 40, len: 2, data: bytes() }, freebsd)).toThrow(
      'FreeBSD has no family vsock',
    );
  });
});

describe('what is none', () => {
  test.each([
    ['', 0],
    ['inet', 4],
    ['inet/', 5],
    ['inet/1.2.3', 5],
    ['inet/1.2.3.4.5', 5],
    ['inet/1.2.3.256', 5],
    ['inet/01.2.3.4', 5],
    ['inet/1.2.3.4:', 13],
    ['inet/1.2.3.4:65536', 13],
    ['inet/1.2.3.4:80x', 15],
    ['inet/1.2.3.4 :80', 13],
    ['inet/::1', 5],
    ['inet6/1.2.3.4', 6],
    ['inet6/:::', 6],
    ['inet6/[::1', 10],
    ['inet6/[::1]80', 11],
    ['inet6/[fe80::1%eth0]:1', 15],
    ['inet6/[fe80::1%0]:1', 15],
    ['local/', 6],
    ['local//tmp/x', 6],
    ['local/"abc', 10],
    ['local/"a\\', 9],
    ['local/"\\x"', 9],
    ['local/"\\400"', 8],
    ['local/"a" b', 10],
    [`local/"${'x'.repeat(109)}"`, 6],
    ['local/"a\ud800"', 8],
    ['packet/1', 0],
    ['{', 1],
    ['{ family=16', 11],
    ['{ len=16 }', 0],
    ['{ family=16 len=1 }', 0],
    ['{ family=16 len=3 data=[1 2] }', 0],
    ['{ family=16 family=2 }', 12],
    ['{ family=70000 }', 9],
    ['{ family=16 len=129 }', 16],
    ['{ family=16 data=[256] }', 18],
    ['{ family=16 data=[126=1] }', 18],
    ['{ family=16 data=[1 }', 20],
    ['{ fam=16 }', 2],
    ['{ family=16 } x', 14],
  ])('%j is an error at %d', (text, position) => {
    try {
      parseAddress(text);
    } catch (error) {
      expect(error).toBeInstanceOf(NameSyntaxError);
      expect(error).toMatchObject({ text, position });
      return;
    }
    expect.unreachable();
  });

  test.each([undefined, null, 2, {}])('parseAddress(%j) is a TypeError', (text) => {
    expect(() => parseAddress(text as never)).toThrow(TypeError);
  });

  test.each<[unknown, RegExp]>([
    [undefined, /^formatAddress: the address is undefined/],
    ['inet/1.2.3.4', /^formatAddress: the address is 'inet/],
    [{}, /family is undefined, but must be 'inet'/],
    [{ family: 'packet' }, /family is 'packet'/],
    [{ family: 'inet', address: '::1', port: 1 }, /address is '::1', but must be an IPv4 address/],
    [{ family: 'inet6', address: 'fe80::1%2', port: 1 }, /address is 'fe80::1%2'/],
    [{ family: 'inet', address: '1.2.3.4', port: 65536 }, /port is 65536/],
    [{ family: 'inet', address: '1.2.3.4' }, /port is undefined/],
    [{ family: 'inet6', address: '::1', port: 1, scopeId: 0 }, /scopeId is 0/],
    [{ family: 'local', bytes: '/tmp' }, /bytes must be a Uint8Array/],
    [{ family: 'local', bytes: new Uint8Array(109) }, /no more than 108 bytes/],
    [{ family: 16, len: 16, data: new Uint8Array(4) }, /data must be a Uint8Array of len - 2 bytes/],
    [{ family: 16, len: 1, data: new Uint8Array() }, /len must be a number from 2/],
    [{ family: -1, len: 2, data: new Uint8Array() }, /family must be a number from 0/],
  ])('formatAddress(%j)', (value, words) => {
    expect(() => formatAddress(value as never)).toThrow(words);
  });
});

describe('properties', () => {
  const randomBytes = (random: Random, most: number): Uint8Array =>
    Uint8Array.from({ length: random.below(most + 1) }, () =>
      random.below(3) === 0 ? random.below(256) : 0x20 + random.below(95),
    );

  function randomAddress(random: Random): Address {
    const port = random.below(3) === 0 ? 0 : random.below(65536);
    switch (random.below(4)) {
      case 0:
        return {
          family: 'inet',
          address: Array.from({ length: 4 }, () => random.below(256)).join('.'),
          port,
        };
      case 1: {
        const groups = Array.from({ length: 8 }, () =>
          (random.below(2) === 0 ? 0 : random.below(65536)).toString(16),
        );
        const { address } = parseAddress(`inet6/${groups.join(':')}`) as { address: string };
        return {
          family: 'inet6',
          address,
          port,
          ...(random.below(3) === 0 && { scopeId: 1 + random.below(99) }),
        };
      }
      case 2:
        return { family: 'local', bytes: randomBytes(random, 108) };
      default: {
        const data = randomBytes(random, 126);
        return { family: random.below(65536), len: data.length + 2, data };
      }
    }
  }

  test('10,000 addresses: what is printed reads as what it was', () => {
    const random = new Random(4711);
    for (let i = 0; i < 10_000; i++) {
      const value = randomAddress(random);
      const text = formatAddress(value);
      expect(text).toMatch(/^[\x20-\x7e]*$/);
      expect(parseAddress(text)).toEqual(value);
    }
  });

  test('30,000 texts with faults: a value, or an error with a position in the text', () => {
    const random = new Random(815);
    const pool = [
      '"',
      '\\',
      '/',
      '[',
      ']',
      '{',
      '}',
      '=',
      ':',
      ' ',
      '0',
      '9',
      'x',
      'a',
      '%',
      '.',
      '\n',
      'ü',
      '\ud800',
    ];
    let refused = 0;
    for (let i = 0; i < 30_000; i++) {
      const letters = [...formatAddress(randomAddress(random))];
      for (let times = 1 + random.below(3); times > 0; times--) {
        const at = random.below(letters.length + 1);
        letters.splice(at, random.below(3), ...(random.below(2) === 0 ? [random.pick(pool)] : []));
      }
      const text = letters.join('');
      try {
        const value = parseAddress(text);
        expect(parseAddress(formatAddress(value))).toEqual(value);
      } catch (error) {
        expect(error).toBeInstanceOf(NameSyntaxError);
        const { position } = error as NameSyntaxError;
        expect(position).toBeGreaterThanOrEqual(0);
        expect(position).toBeLessThanOrEqual(text.length);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5000);
    expect(refused).toBeLessThan(30_000);
  });
});
