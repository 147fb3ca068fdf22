/** `sockdiag completion`: what the shells themselves complete, typed as a person types it. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  isFor,
  OPTIONED_COMMANDS,
  type OptionedCommand,
  readOptions,
} from '../../lib/cli/completion/vocabulary.js';
import { lackOf } from '../tools.js';

const COMMAND = join(import.meta.dirname, '../../dist/cli/main.js');
const TYPING = join(import.meta.dirname, '../world/typist.py');

const longOf = (command: OptionedCommand | undefined): string[] =>
  readOptions()
    .filter(isFor(command))
    .map(({ long }) => `--${long}`);
const COMMON = longOf(undefined);

let directory: string;
const script = (shell: string): string => join(directory, `${shell}.script`);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sockdiag-completion-'));
  mkdirSync(join(directory, 'here'));
  writeFileSync(join(directory, 'here', 'a file'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    writeFileSync(script(shell), execFileSync(process.execPath, [COMMAND, 'completion', shell]));
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

const PROMPT = 'ready> ';

/** What the words of each line are when it is entered, by a person who takes some time; a tab asks for completion. */
async function typed(shell: readonly string[], env: object, lines: readonly string[]): Promise<string[]> {
  const typing = promisify(execFile)('python3', ['-B', TYPING, PROMPT, ...shell], {
    cwd: join(directory, 'here'),
    env: { PATH: process.env['PATH'], TERM: 'dumb', HOME: directory, ...env },
  });
  typing.child.stdin?.end(lines.join('\n'));
  const { stdout } = await typing;
  return [...stdout.matchAll(/^(<.*>)\r?$/gm)].map(([, words]) => words as string);
}

const RC = (shell: string): string =>
  `PS1='${PROMPT}'\nsource '${script(shell)}'\nsockdiag() { printf '<%s>' "$@"; echo; }\n`;

/** Lines that are typed, and what becomes of them, in every shell. */
const LINES: readonly (readonly [string, string])[] = [
  ['sockdiag --col\tal\t', '<--color><always>'],
  ['sockdiag -tanf netl\t', '<-tanf><netlink>'],
  ['sockdiag -A tcp,unix_st\t', '<-A><tcp,unix_stream>'],
  ['sockdiag --fields src,info.rttv\t', '<--fields><src,info.rttvar>'],
  ['sockdiag -t state time\t', '<-t><state><time-wait>'],
  ['sockdiag -tD a\t', '<-tD><a file>'],
  ['sockdiag wait --go\t', '<wait><--gone>'],
  ['sockdiag completion f\t', '<completion><fish>'],
];

test.concurrent('bash completes what is typed', async () => {
  writeFileSync(join(directory, 'bashrc'), RC('bash'));
  const bash = ['bash', '--noprofile', '--rcfile', join(directory, 'bashrc'), '-i'];
  expect(await typed(bash, {}, [...LINES.map(([line]) => line), 'sockdiag --color=ne\t'])).toEqual([
    ...LINES.map(([, words]) => words),
    '<--color=never>',
  ]);
});

test.concurrent('bash knows all options, those of wait behind it', () => {
  const offered = (...words: string[]): string[] => {
    const code = `source "$1"; shift; COMP_WORDS=(sockdiag "$@"); COMP_CWORD=$#; _sockdiag; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', code, 'bash', script('bash'), ...words], { encoding: 'utf8' })
      .trim()
      .split('\n');
  };
  expect(offered('--').sort()).toEqual([...COMMON].sort());
  for (const command of OPTIONED_COMMANDS) {
    expect(offered(command, '--').sort()).toEqual([...COMMON, ...longOf(command)].sort());
  }
  expect(offered('')).toEqual(expect.arrayContaining(['wait', 'completion', 'state', 'dport', 'not']));
  expect(offered('-t', '')).not.toContain('wait');
  expect(offered('--timeout', '')).toEqual(['']);
});

describe.skipIf(lackOf('zsh')).concurrent('zsh', () => {
  test('completes what is typed', async () => {
    mkdirSync(join(directory, 'zsh'));
    writeFileSync(join(directory, 'zsh', '.zshrc'), `autoload -Uz compinit; compinit -u -D\n${RC('zsh')}`);
    const env = { ZDOTDIR: join(directory, 'zsh') };
    expect(
      await typed(['zsh', '-i'], env, [...LINES.map(([line]) => line), 'sockdiag --color=ne\t']),
    ).toEqual([
      // The equals sign is the shell's own, if a long option was completed.
      '<--color=always>',
      ...LINES.slice(1).map(([, words]) => words),
      '<--color=never>',
    ]);
  });

  test('takes the script as a file of $fpath too', async () => {
    mkdirSync(join(directory, 'functions'));
    writeFileSync(join(directory, 'functions', '_sockdiag'), execFileSync('cat', [script('zsh')]));
    mkdirSync(join(directory, 'zsh-file'));
    writeFileSync(
      join(directory, 'zsh-file', '.zshrc'),
      `PS1='${PROMPT}'\nfpath+=('${join(directory, 'functions')}')\nautoload -Uz compinit; compinit -u -D\nsockdiag() { printf '<%s>' "$@"; echo; }\n`,
    );
    const env = { ZDOTDIR: join(directory, 'zsh-file') };
    expect(await typed(['zsh', '-i'], env, ['sockdiag -tanf netl\t', 'sockdiag -t state time\t'])).toEqual([
      '<-tanf><netlink>',
      '<-t><state><time-wait>',
    ]);
  });
});

describe.skipIf(lackOf('fish'))('fish', () => {
  const offered = (line: string): string[] => {
    const code = `source ${script('fish')}; complete -C ${JSON.stringify(line)}`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', code], {
      cwd: join(directory, 'here'),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout
      .split('\n')
      .map((found) => found.split('\t')[0] as string)
      .filter((found) => found !== '');
  };

  test.each([
    ['sockdiag --col', ['--color']],
    ['sockdiag --color=ne', ['--color=never']],
    ['sockdiag -tanf netl', ['netlink']],
    ['sockdiag -A tcp,unix_st', ['tcp,unix_stream']],
    ['sockdiag --fields src,info.rttv', ['src,info.rttvar']],
    ['sockdiag --fields=src,info.rttv', ['--fields=src,info.rttvar']],
    ['sockdiag -t state time', ['time-wait']],
    ['sockdiag -tD a', ['a file']],
    ['sockdiag completion f', ['fish']],
    ['sockdiag wait --timeout ', []],
  ])('completes %s', (line, expected) => {
    expect(offered(line)).toEqual(expected);
  });

  test('knows all options, those of wait behind it', () => {
    expect(offered('sockdiag --').sort()).toEqual([...COMMON].sort());
    for (const command of OPTIONED_COMMANDS) {
      expect(offered(`sockdiag ${command} --`).sort()).toEqual([...COMMON, ...longOf(command)].sort());
    }
    expect(offered('sockdiag ')).toEqual(expect.arrayContaining(['wait', 'completion', 'state', 'dport']));
  });
});

test.each([[''], ['tcsh'], ['bash zsh'], ['--bash']])('completion %s is for no shell', (words) => {
  const list = words.split(' ').filter((word) => word !== '');
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'completion', ...list], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: completion is for one of bash, zsh, fish, .*\n$/);
});

test('no meaning has a sign in it that means something to a shell', () => {
  for (const { meaning } of readOptions()) expect(meaning).toMatch(/^[\w ,-]+$/);
});
