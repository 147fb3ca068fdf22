/** What the tests can be run under: the libraries that look at each access to memory, and how these are told what to do. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';

const CACHE = join(import.meta.dirname, '../../.cache/sanitizers');

/**
 * @typedef {object} Sanitizer
 * @property {string} kind of addon
 * @property {readonly string[]} libraries that each process begins with
 * @property {(logs: string, own: string) => Record<string, string>} options by the variable of the environment
 * @property {Readonly<Record<string, RegExp>>} faults of faults.cc that it must find, and what it says then
 * @property {readonly string[]} short tests that reach all of native/, and not much else
 * @property {readonly string[]} tests those to be run; if there are none, all
 */

/**
 * Where one writes what it finds: tests compare what programs print.
 *
 * @param {Sanitizer} sanitizer
 */
export const logsOf = ({ kind }) => join(CACHE, kind, 'logs');

/**
 * A file for each program, by its name, with options for it alone.
 *
 * @param {Sanitizer} sanitizer
 */
const ownOf = ({ kind }) => join(CACHE, kind, 'options');

/**
 * An address becomes a line afterwards, by addr2line, and only in what is ours: of Node's it would take seconds.
 *
 * @param {string} logs
 */
const common = (logs) => `symbolize=0:log_path=${logs}/node`;

/** @type {Record<'address' | 'thread', Sanitizer>} */
export const SANITIZERS = {
  address: {
    kind: 'address',
    libraries: ['libasan.so'],
    options: (logs, own) => ({
      // Of other programs, nobody wants to know what they leak. And no process ends otherwise for what it leaks: Node
      // leaks, too, and where strace looks on, leaks cannot be looked for.
      ASAN_OPTIONS: `symbolize=0:detect_leaks=0:exitcode=0:log_path=${logs}/other:include_if_exists=${own}/%b`,
      UBSAN_OPTIONS: `${common(logs)}:print_stacktrace=1`,
    }),
    faults: {
      overflow: /ERROR: AddressSanitizer: heap-buffer-overflow/,
      'use after free': /ERROR: AddressSanitizer: heap-use-after-free/,
      undefined: /runtime error: signed integer overflow/,
      leak: /Direct leak of 4096 byte/,
    },
    short: [
      'test/walker.test.ts',
      'test/netlink.test.ts',
      'test/lookup.test.ts',
      'test/destroy.test.ts',
      'test/owners-dump.test.ts',
      'test/events/events.test.ts',
      'test/proc/live.test.ts',
      'test/proc/options.test.ts',
    ],
    tests: [],
  },
  thread: {
    kind: 'thread',
    // Without the other, a shell crashes that is begun with the first.
    libraries: ['libtsan.so', 'libstdc++.so'],
    // Node itself is not built for it: of what it does between locks that are not seen, nothing can be said.
    options: (logs) => ({ TSAN_OPTIONS: `${common(logs)}:ignore_noninstrumented_modules=1:exitcode=0` }),
    faults: { race: /WARNING: ThreadSanitizer: data race/ },
    short: ['test/owners-dump.test.ts', 'test/dump.test.ts'],
    tests: [
      'test/dump.test.ts',
      'test/lifetime.test.ts',
      'test/events/events.test.ts',
      'test/events/lifetime.test.ts',
      'test/owners-dump.test.ts',
      'test/proc/live.test.ts',
    ],
  },
};

/**
 * Makes the folders anew. Programs that have given up their privileges write there, too.
 *
 * @param {Sanitizer} sanitizer
 */
export function prepare(sanitizer) {
  const [logs, own] = [logsOf(sanitizer), ownOf(sanitizer)];
  for (const folder of [logs, own]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  chmodSync(logs, 0o1777);
  writeFileSync(join(own, basename(process.execPath)), `detect_leaks=1\nlog_path=${logs}/node\n`);
}

/**
 * @param {Sanitizer} sanitizer
 * @param {string} addon
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentOf(sanitizer, addon) {
  const { kind, libraries, options } = sanitizer;
  return {
    ...process.env,
    ...options(logsOf(sanitizer), ownOf(sanitizer)),
    LD_PRELOAD: libraries.map(pathOf).join(' '),
    SOCKDIAG_ADDON: addon,
    SOCKDIAG_SANITIZER: kind,
  };
}

/** @param {string} library */
function pathOf(library) {
  const { stdout } = spawnSync('gcc', [`-print-file-name=${library}`], { encoding: 'utf8' });
  const path = (stdout ?? '').trim();
  if (!existsSync(path)) throw new Error(`gcc has no ${library}: on Debian, apt-get install g++`);
  return realpathSync(path);
}
