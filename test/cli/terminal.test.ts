/** The command's table on a terminal: spread over its width, as that of `ss`, and in colours. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { spread } from '../../lib/cli/widths.js';
import { lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';

const COMMAND = [process.execPath, 'dist/cli/main.js'];
const TERMINAL = join(import.meta.dirname, '../world/terminal.py');

describe('columns on a screen', () => {
  test('share what is left over, those at the end first', () => {
    expect(spread([9, 7, 7], 23)).toEqual([9, 7, 7]);
    expect(spread([9, 7, 7], 25)).toEqual([9, 8, 8]);
    expect(spread([9, 7, 7], 30)).toEqual([11, 9, 10]);
  });

  test('are as many to a line as fit', () => {
    expect(spread([9, 7, 7], 22)).toEqual([12, 10, 22]);
  });

  test('are never wider than it, and none comes of nothing', () => {
    expect(spread([9, 0, 200, 4], 20)).toEqual([20, 0, 20, 20]);
    expect(spread([0, 0], 20)).toEqual([0, 0]);
  });
});

describe.skipIf(lackOfWorld())('on a terminal', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`
      import socket
      listeners = [socket.create_server(('127.0.0.1', 4001)), socket.create_server(('::1', 4002), family=socket.AF_INET6)]
      pairs = []
      for n in range(3):
          near = socket.create_connection(('127.0.0.1', 4001))
          pairs.append((near, listeners[0].accept()[0]))
      pairs[0][0].send(b'12345')
      datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      datagrams.bind(('127.0.0.1', 4003))
    `);
  });
  afterAll(() => stage?.close());

  /** What a program prints there; 0 is no terminal. */
  const on = (width: number, program: readonly string[], words: string, env: object = {}): string => {
    const terminal = width === 0 ? [] : ['python3', '-B', TERMINAL, String(width)];
    const list = words.split(' ').filter((word) => word !== '');
    return execFileSync('nsenter', [`--net=/proc/${stage.pid}/ns/net`, ...terminal, ...program, ...list], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
    });
  };

  const NO_COLOR = { NO_COLOR: '1' };

  test.each([
    ...['-tan', '-tanH', '-tuan', '-tlni', '-tlnemO', '-0an', '-xan'],
    'state established sport = :1',
  ])('ss %s, at several widths', (words) => {
    for (const width of [14, 59, 80, 97, 132]) {
      const ours = on(width, COMMAND, words, NO_COLOR);
      expect(ours, String(width)).toBe(on(width, ['ss'], words, NO_COLOR));
    }
  });

  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const ESCAPES = /\x1b\[(\d+)m/g;
  const bare = (text: string): string => text.replaceAll(ESCAPES, '');
  /** As an escape code has it, and what it colours. */
  const coloured = (text: string): string[] =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    [...text.matchAll(/\x1b\[(\d+)m(.*?)\x1b\[0m/g)].map(([, code, word]) => `${code} ${word}`);

  test('colours are of states, queues and addresses, and have no width', () => {
    for (const words of ['-tuan', '-tan', '-tnH state established']) {
      for (const width of [30, 80, 132]) {
        const text = on(width, COMMAND, words);
        expect(text).toMatch(ESCAPES);
        expect(bare(text)).toBe(on(width, COMMAND, words, NO_COLOR));
      }
    }
    const all = new Set(coloured(on(80, COMMAND, '-tuan')));
    expect(all).toEqual(
      new Set(['32 ESTAB', '36 LISTEN', '33 5', '35 127.0.0.1', '35 0.0.0.0', '94 [::1]', '94 [::]']),
    );
  });

  test('what a listener may let wait is its backlog, and no queue that is not empty', async () => {
    await stage.run(`waiting = socket.create_connection(('127.0.0.1', 4001))`);
    const [listener] = on(80, COMMAND, '-nH -t state listening sport = :4001').split('\n');
    expect(coloured(listener as string)).toEqual(['33 1', '35 127.0.0.1', '35 0.0.0.0']);
    await stage.run(`
      listeners[0].accept()[0].close()
      waiting.close()
    `);
  });

  test('nobody gets colours who cannot see them, or has said no', () => {
    const plain = on(0, COMMAND, '-tuan');
    expect(plain).not.toMatch(ESCAPES);
    expect(plain).toBe(on(0, ['ss'], '-tuan'));
    expect(on(80, COMMAND, '-tuan', { TERM: 'dumb' })).not.toMatch(ESCAPES);
    expect(on(80, COMMAND, '-tuan', NO_COLOR)).not.toMatch(ESCAPES);
    expect(on(80, COMMAND, '-tuan --color never')).not.toMatch(ESCAPES);
    expect(on(80, COMMAND, '-tan --json')).not.toMatch(ESCAPES);
    // Empty is unset.
    expect(on(80, COMMAND, '-tuan', { NO_COLOR: '' })).toBe(on(80, COMMAND, '-tuan --color=auto'));
  });

  test('who asks for colours gets them anywhere', () => {
    const text = on(0, COMMAND, '-tuan --color=always', { TERM: 'dumb', ...NO_COLOR });
    expect(text).toMatch(ESCAPES);
    expect(bare(text)).toBe(on(0, ['ss'], '-tuan'));
  });
});
