/** What the command prints of names that others have chosen acts on nobody's terminal. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { expect, test } from 'vitest';
import { jsonLine } from '../../lib/cli/output.js';
import { printable } from '../../lib/cli/words.js';
import { cgroupPaths } from '../../lib/filter/resolvers.js';
import { lackOf, skip } from '../tools.js';

const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Every character that there is, but for halves of one. */
const ALL: readonly string[] = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

test('as text: nothing in it acts', () => {
  expect(printable(ALL.join(''))).not.toMatch(ACTING);
});

/** ESC, and what is CSI by itself. */
const HOSTILE = 'a\u001b[2J\u009b1m';

test('paths of cgroups are such names', () => {
  const mount = mkdtempSync(join(tmpdir(), 'sockdiag-cgroups-'));
  mkdirSync(join(mount, HOSTILE));
  const paths = [...cgroupPaths(mount).values()].map(printable);
  rmSync(mount, { recursive: true });
  expect(paths).toEqual(['/', '/a\\x1b[2J\\x9b1m']);
});

const cannot =
  process.getuid?.() !== 0 ? skip('a network namespace needs root') : lackOf('unshare', 'ip', 'python3');

test.skipIf(cannot)('names of interfaces are, too', () => {
  const script = `
    ip link set lo name "$NAME" && ip link set "$NAME" up && python3 -c '
import os, socket, subprocess
held = socket.socket(type=socket.SOCK_DGRAM)
held.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.environb[b"NAME"])
held.bind(("0.0.0.0", 7000))
subprocess.run(["${process.execPath}", "dist/cli/main.js", "-uanH"], check=True)'`;
  const { stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script], {
    encoding: 'utf8',
    env: { ...process.env, NAME: 'a\u001b[2Jb' },
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('%a\\x1b[2Jb:7000');
  expect(stdout.trimEnd()).not.toMatch(ACTING);
});

test('as JSON: nothing in it acts, and it is the same text', () => {
  const name = ALL.join('');
  const line = jsonLine({ name, [name]: new Uint8Array([0x9b]) });
  expect(line.endsWith('}\n')).toBe(true);
  expect(line.slice(0, -1)).not.toMatch(ACTING);
  expect(JSON.parse(line)).toEqual({ name, [name]: '9b' });
});
