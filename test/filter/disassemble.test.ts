/** Programs as text, and what is no program. */
import { describe, expect, test } from 'vitest';

import { disassemble } from '../../lib/filter/disassemble.js';
import { explain } from '../../lib/filter/explain.js';
import type { Expression } from '../../lib/filter/tree.js';
import { LITTLE_ENDIAN } from '../../lib/netlink/protocol.js';
import { audit, bytesOf, ODD, REFUSED } from './kernel.js';

describe.skipIf(!LITTLE_ENDIAN)('recorded programs', () => {
  test.each<[words: string, hex: string, text: string]>([
    ['sport = 22 of ss', '07101400 00000000 16000000 00000000', ''],
    ['sport >= 22', '02080c00 00001600', 'S_GE 22'],
    ['autobound', '06040800', 'AUTO'],
    ['fwmark 1/3', '0a0c1000 01000000 03000000', 'MARK_COND 0x1/0x3'],
    ['an interface', '09080c00 07000000', 'DEV_COND 7'],
    ['a cgroup', '0d0c1000 02000000 01000000', 'CGROUP_COND 4294967298'],
    ['a prefix', '08101400 02080000 ffffffff 7f000000', 'D_COND 127.0.0.0/8'],
    [
      'a prefix and a port',
      `081c2000 0a400000 50000000 20010db8${'00'.repeat(12)}`,
      'D_COND [2001:db8::/64]:80',
    ],
    ['a port of any address', '070c1000 00000000 16000000', 'S_COND *:22'],
  ])('%s', (_, hex, text) => {
    // What ss sends for a port has the room of an address behind it, which the chain of yes passes over.
    const line = text === '' ? 'S_COND *:22' : text;
    expect(disassemble(bytesOf(hex))).toBe(`    0  ${line.padEnd(32)}  yes -> accept, no -> reject`);
  });

  test('places of a longer one', () => {
    const text = disassemble(bytesOf('0b080c00 00001600 01041000 0c080c00 00005000'));
    expect(text.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim())).toEqual([
      '0 S_EQ 22 yes -> 8, no -> 12',
      '8 JMP -> reject',
      '12 D_EQ 80 yes -> accept, no -> reject',
    ]);
  });

  test.each(REFUSED)('no program: %s', (_, hex) => {
    expect(audit(bytesOf(hex))).toBeDefined();
    expect(() => disassemble(bytesOf(hex))).toThrow(TypeError);
  });

  test.each(ODD)('a program all the same: %s', (_, hex) => {
    expect(audit(bytesOf(hex))).toBeUndefined();
    expect(disassemble(bytesOf(hex))).toMatch(/-> (accept|reject)/);
  });

  test('the error says what is wrong, and where', () => {
    expect(() => disassemble(bytesOf('00040000 0e040800'))).toThrow('at byte 4, there is no operation 14');
    expect(() => disassemble(bytesOf('02080400 00001600'))).toThrow("'no' leads into the instruction itself");
  });

  test('what is not bytes', () => {
    expect(() => disassemble('02080c00' as never)).toThrow(TypeError);
  });

  test('a view into other memory', () => {
    const memory = bytesOf('ffffffff 06040800 ffffffff');
    expect(disassemble(memory.subarray(4, 8))).toContain('AUTO');
  });
});

describe('explain', () => {
  const listening: Expression = { kind: 'state', states: ['LISTEN'] };
  const http: Expression = { kind: 'port', end: 'src', comparison: '=', port: 80 };
  const marked: Expression = { kind: 'fwmark', equality: '=', mark: 1, mask: 0xffff_ffff };

  test('says what the kernel is asked and what is left', () => {
    const expression: Expression = { kind: 'and', terms: [listening, http, marked] };
    const explanation = explain(expression, { features: { mark: false } });
    expect(explanation).toMatchObject({
      states: ['LISTEN'],
      header: { sport: 80, dport: 0 },
      remainder: marked,
      never: false,
    });
    expect(explanation.disassembly).toBe(disassemble(explanation.program as Uint8Array));
    expect(String(explanation).split('\n')).toEqual([
      'states     LISTEN',
      'header     sport 80',
      'program    8 bytes',
      expect.stringMatching(/^ {6}0 {2}S_EQ 80 +yes -> accept, no -> reject$/),
      'remainder  fwmark = 0x1',
      expect.stringContaining('note       the kernel has no MARK_COND'),
    ]);
  });

  test('says that nothing can match', () => {
    expect(String(explain({ kind: 'or', terms: [] }))).toBe('nothing can match, and the kernel is not asked');
  });

  test('says that everything is asked for', () => {
    const explanation = explain({ kind: 'and', terms: [] });
    expect(explanation).toMatchObject({ states: undefined, program: undefined, disassembly: undefined });
    expect(String(explanation)).toContain('remainder  none: the kernel decides');
  });
});
