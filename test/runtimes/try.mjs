/** The core, run in a runtime. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { decodeRecordings, onlyInPath, RECORDINGS } from './project.mjs';
import { explained, helpFor, pathOf } from './tools.mjs';

/** @typedef {import('./runtimes.mjs').Runtime} Runtime */
/** @typedef {import('./core/checks.mjs').Outcome} Outcome */
/** @typedef {{ version: string, addon?: string, outcomes: Outcome[] }} Tried what the core prints at its end */

/** Milliseconds. */
const LIMIT = 600_000;

export class Core {
  #project;
  #folder;
  #words;

  /**
   * @param {string} project where sockdiag is installed
   * @param {string} folder for what is needed besides
   */
  constructor(project, folder) {
    this.#project = project;
    this.#folder = folder;
    this.#words = ['--recordings', RECORDINGS, '--expected', decodeRecordings(project)];
    for (const program of ['ss', 'unshare']) {
      const path = pathOf(program);
      if (path !== undefined) this.#words.push(`--${program}`, path);
    }
  }

  /**
   * @param {Runtime} runtime
   * @param {string} file
   * @returns {Tried}
   */
  try(runtime, file) {
    const run = this.#runner(runtime, file);
    const tried = run([
      ...this.#words,
      '--libc',
      runtime.libc,
      ...(runtime.arch === 'arm64' ? ['--emulated'] : []),
    ]);
    if (runtime.libc === 'musl') {
      const other = join(
        this.#project,
        `node_modules/sockdiag/prebuilds/linux-${runtime.arch}/sockdiag.glibc.node`,
      );
      tried.outcomes.push(...run(['--refused'], { SOCKDIAG_ADDON: other }).outcomes);
    }
    return tried;
  }

  /**
   * @param {Runtime} runtime
   * @param {string} file
   * @returns {(words: readonly string[], environment?: Record<string, string>) => Tried}
   */
  #runner(runtime, file) {
    const { name, command, words: own } = runtime;
    const { before, environment } = helpFor(runtime, file);
    const [program = command, ...help] = before;
    const PATH = onlyInPath(join(this.#folder, name), command, file);
    return (words, more) => {
      const { stdout, stderr, status, signal, error } = spawnSync(
        program,
        [...help, ...own, 'core.mjs', ...words],
        {
          cwd: this.#project,
          // HOME is where some keep what they have compiled.
          env: { PATH, HOME: this.#folder, ...environment, ...more },
          encoding: 'utf8',
          maxBuffer: 1 << 26,
          timeout: LIMIT,
        },
      );
      const last = stdout?.trimEnd().split('\n').at(-1) ?? '';
      // That it ends well is a part of it: 1 is what it gives for checks that failed.
      if (last.startsWith('{') && (status === 0 || status === 1)) return JSON.parse(last);
      const why = error?.message ?? signal ?? `status ${status}: ${explained(stderr.trim())}`;
      throw new Error(`the core came to no good end: ${why}\n${stdout ?? ''}`);
    };
  }
}
