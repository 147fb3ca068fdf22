/** Which file the addon is loaded from, and what is said where it is not there, or not what it was. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { rolldown } from 'rolldown';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const BUILT = 'build/Release/sockdiag.node';
const PREBUILT = `linux-${process.arch}/sockdiag.glibc.node`;

/** A project in which sockdiag is installed: of this very build, with an addon as if it were a prebuilt one. */
const project: string = mkdtempSync(join(tmpdir(), 'sockdiag-addon-'));
const installed: string = join(project, 'node_modules/sockdiag');
const prebuilt: string = join(installed, 'prebuilds', PREBUILT);
const sums: string = join(installed, 'prebuilds/SHA256SUMS');

beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  // Whatever lies about in the folders above is no part of it.
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  for (const name of ['dist', 'package.json']) cpSync(name, join(installed, name), { recursive: true });
});
beforeEach(() => {
  rmSync(join(installed, 'prebuilds'), { recursive: true, force: true });
  rmSync(join(installed, 'build'), { recursive: true, force: true });
  install(PREBUILT);
});
afterAll(() => rmSync(project, { recursive: true }));

function install(file: string): void {
  const path = join(installed, 'prebuilds', file);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(BUILT, path);
  const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
  writeFileSync(sums, `${sum}  ${file}\n`, { flag: 'a' });
}

/** Reads a dump, and prints of what came of it. */
const READ = `
  const { readFileSync } = await import('node:fs');
  const { dumpUnix, SockDiagError } = await import('sockdiag');
  try {
    for (const socket of dumpUnix()) break;
    const [, file] = /(\\S+\\.node)$/m.exec(readFileSync('/proc/self/maps', 'latin1'));
    console.log(JSON.stringify({ file }));
  } catch (error) {
    const { code, message, cause } = error;
    console.log(JSON.stringify({ code, message, isOurs: error instanceof SockDiagError, hasCause: cause !== undefined }));
  }`;

interface Outcome {
  /** The addon that is loaded. */
  file?: string;
  code?: string;
  message?: string;
  isOurs?: boolean;
  hasCause?: boolean;
}

/** In a process of its own, which must not be taken along. */
function read(environment: NodeJS.ProcessEnv = {}, before = '', directory: string = project): Outcome {
  const { SOCKDIAG_ADDON: _, ...inherited } = process.env;
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `${before}\n${READ}`],
    { cwd: directory, encoding: 'utf8', env: { ...inherited, ...environment } },
  );
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as Outcome;
}

/** What a build of one's own is, beside it. */
function build(): string {
  const path = join(installed, BUILT);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(BUILT, path);
  return path;
}

test('is the prebuilt one of this platform, and what was built only when that is asked for, or there is none', () => {
  const built = build();
  expect(read()).toEqual({ file: prebuilt });
  expect(read({ SOCKDIAG_ADDON: '' })).toEqual({ file: prebuilt });
  expect(read({ SOCKDIAG_ADDON: 'build' })).toEqual({ file: built });
  rmSync(prebuilt);
  expect(read()).toEqual({ file: built });
});

test('is the file that is named, wherever it is, and whoever changed it', () => {
  const named = join(project, 'own.node');
  writeFileSync(named, Buffer.concat([readFileSync(BUILT), Buffer.from('patched')]));
  expect(read({ SOCKDIAG_ADDON: named })).toEqual({ file: named });
  expect(read({ SOCKDIAG_ADDON: 'own.node' })).toEqual({ file: named });
  expect(read({ SOCKDIAG_ADDON: 'other.node' })).toMatchObject({
    code: 'ERR_SOCKDIAG_ADDON',
    message: expect.stringContaining(join(project, 'other.node')),
  });
});

test('that is missing is an error that says what was looked for, and where, and what to do', () => {
  rmSync(join(installed, 'prebuilds'), { recursive: true });
  const built = join(installed, BUILT);
  expect(read()).toEqual({
    code: 'ERR_SOCKDIAG_ADDON',
    isOurs: true,
    hasCause: false,
    message:
      `sockdiag's native addon for linux-${process.arch} with glibc is missing (there is no ${prebuilt} and no ${built}): ` +
      'install sockdiag again, or build it in a clone of its repository (npm ci), and name the file in SOCKDIAG_ADDON',
  });
  install(PREBUILT);
  expect(read({ SOCKDIAG_ADDON: 'build' }).message).toContain(`(there is no ${built}): `);
});

test.each([
  ['nothing is left of it', (): Buffer => Buffer.alloc(0)],
  ['only its head is there', (whole: Buffer): Buffer => whole.subarray(0, 4096)],
  ['it was cut off in the middle', (whole: Buffer): Buffer => whole.subarray(0, whole.length / 2)],
  ['its last byte is missing', (whole: Buffer): Buffer => whole.subarray(0, -1)],
  ['a part of it is zero', (whole: Buffer): Buffer => Buffer.from(whole).fill(0, 0x8000, 0x20000)],
  ['one bit of it is another', (whole: Buffer): Buffer => flipped(whole)],
  ['it is a text', (): Buffer => Buffer.from('<html>404</html>')],
])('that is damaged is never run: %s', (_, damage) => {
  writeFileSync(prebuilt, damage(readFileSync(BUILT)));
  expect(read()).toEqual({
    code: 'ERR_SOCKDIAG_ADDON',
    isOurs: true,
    hasCause: false,
    message: `${prebuilt} is damaged, since it is not what ${sums} says: install sockdiag again`,
  });
});

function flipped(whole: Buffer): Buffer {
  const other = Buffer.from(whole);
  other.writeUInt8(other.readUInt8(0x9000) ^ 1, 0x9000);
  return other;
}

test('without its checksum is not run either', () => {
  rmSync(sums);
  const outcome = read();
  expect(outcome).toMatchObject({ code: 'ERR_SOCKDIAG_ADDON', isOurs: true, hasCause: true });
  expect(outcome.message).toMatch(/cannot be compared with .*SHA256SUMS: ENOENT.*; install sockdiag again$/);
});

test('that the system does not load is an error with its words', () => {
  writeFileSync(
    join(project, 'text.node'),
    'this is no addon, and longer than the header of one. '.repeat(9),
  );
  const outcome = read({ SOCKDIAG_ADDON: 'text.node' });
  expect(outcome).toMatchObject({ code: 'ERR_SOCKDIAG_ADDON', isOurs: true, hasCause: true });
  expect(outcome.message).toMatch(
    /text\.node cannot be loaded: .*invalid ELF header; install sockdiag again, or build/,
  );
});

test.each([
  ['as Alpine has it', `ld-musl-${process.arch}.so.1`],
  ['as Debian has it, where the other name is a link', 'libc.so'],
])('is that for musl where the process has musl, whatever else the system has: %s', (_, name) => {
  const library = join(project, name);
  const compiled = spawnSync('g++', ['-shared', '-x', 'c++', '-', '-o', library], { input: '' });
  expect(compiled.status).toBe(0);
  const musl = `linux-${process.arch}/sockdiag.musl.node`;
  expect(read({ LD_PRELOAD: library }).message).toContain(
    `for linux-${process.arch} with musl is missing (there is no ${join(installed, 'prebuilds', musl)} and `,
  );
  install(musl);
  expect(read({ LD_PRELOAD: library })).toEqual({ file: join(installed, 'prebuilds', musl) });
  expect(read()).toEqual({ file: prebuilt });
});

test.each([
  [
    'linux',
    'riscv64',
    /^sockdiag brings no native addon for linux-riscv64 with glibc \(there is no .*\): build it in a /,
  ],
  ['darwin', 'arm64', /^sockdiag asks the Linux kernel, and this is darwin \(arm64\)$/],
  ['win32', 'x64', /^sockdiag asks the Linux kernel, and this is win32 \(x64\)$/],
  ['android', 'arm64', /^sockdiag asks the Linux kernel, and this is android \(arm64\)$/],
])('on %s (%s), importing works, and the first reading says what there is not', (platform, arch, message) => {
  const before = `
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    Object.defineProperty(process, 'arch', { value: '${arch}' });`;
  expect(read({}, before)).toEqual({
    code: 'ERR_SOCKDIAG_UNSUPPORTED',
    isOurs: true,
    hasCause: false,
    message: expect.stringMatching(message),
  });
});

test('is found through links, as some package managers make them', () => {
  const other = join(project, 'linked');
  mkdirSync(join(other, 'node_modules'), { recursive: true });
  symlinkSync(installed, join(other, 'node_modules/sockdiag'));
  expect(read({}, '', other)).toEqual({ file: prebuilt });
});

describe('of a program that a bundler has put into one file', () => {
  /** With sockdiag in it, since nobody said that it is external. */
  async function bundled(directory: string): Promise<void> {
    const source = join(project, 'program.mjs');
    writeFileSync(source, READ);
    const build = await rolldown({ input: source, cwd: project, platform: 'node' });
    await build.write({ file: join(directory, 'bundle.mjs'), format: 'esm', codeSplitting: false });
  }

  function runIn(directory: string): Outcome {
    const { SOCKDIAG_ADDON: _, ...inherited } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(directory, 'bundle.mjs')], {
      cwd: directory,
      encoding: 'utf8',
      env: inherited,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as Outcome;
  }

  test('is found by the name of the package, and the errors are those of the package', async () => {
    const directory = join(project, 'out');
    mkdirSync(directory);
    await bundled(directory);
    expect(runIn(directory)).toEqual({ file: prebuilt });
    rmSync(prebuilt);
    expect(runIn(directory)).toMatchObject({ code: 'ERR_SOCKDIAG_ADDON', isOurs: true });
  });

  test('is told where the package is not, by the first call', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sockdiag-bundled-'));
    try {
      await bundled(directory);
      expect(runIn(directory)).toMatchObject({
        code: 'ERR_SOCKDIAG_ADDON',
        hasCause: true,
        message: expect.stringMatching(
          /^sockdiag's package is not to be found from file:.*bundle\.mjs: a bundler has to leave it where it is/,
        ),
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
