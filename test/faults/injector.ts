/** Programs some of whose system calls fail, or are held up: `injector.cc`, built and preloaded. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { getuid } from 'node:process';

import { lackOf, skip } from '../tools.js';

/** What a program printed, line by line, and how it ended. */
export interface Ended<Line> {
  lines: Line[];
  status: number | null;
  signal: string | null;
  stderr: string;
}

/** True, with the reason printed, where no such program can be run. */
export function lackOfInjector(): boolean {
  return (
    lackOf('g++', 'unshare', 'ip', 'python3') ||
    (getuid?.() !== 0 && skip('namespaces of a program of its own need root'))
  );
}

/** Whoever makes one removes it. */
export class Injector {
  readonly #directory = mkdtempSync(join(tmpdir(), 'sockdiag-faults-'));
  readonly #library = join(this.#directory, 'injector.so');

  constructor() {
    const source = join(import.meta.dirname, 'injector.cc');
    const flags = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared'];
    const { status, stderr } = spawnSync('g++', [...flags, source, '-o', this.#library, '-ldl'], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** Runs one of `programs/` in a network and a pid namespace of its own. It may print lines of JSON. */
  run<Line>(program: string, ...words: string[]): Ended<Line> {
    const file = join(this.#directory, 'control');
    writeFileSync(file, Buffer.alloc(4096));
    const node = [process.execPath, join(import.meta.dirname, 'programs', program), ...words];
    const inside = [
      'sh',
      '-c',
      'ip link set lo up && exec env LD_PRELOAD="$0 $LD_PRELOAD" "$@"',
      this.#library,
      ...node,
    ];
    const ended = spawnSync(
      'unshare',
      ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', ...inside],
      {
        encoding: 'utf8',
        timeout: LIMIT,
        killSignal: 'SIGKILL',
        maxBuffer: 1 << 26,
        env: this.#environment(file),
      },
    );
    rmSync(this.#socket, { force: true });
    const lines = ended.stdout.split('\n').filter((line) => line.endsWith('}'));
    return { ...ended, lines: lines.map((line) => JSON.parse(line) as Line) };
  }

  get #socket(): string {
    return join(this.#directory, 'socket');
  }

  #environment(file: string): NodeJS.ProcessEnv {
    // Which certificates Node trusts takes it longer to read than all else that it does at its start.
    const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
    // A sanitizer comes behind the injector then, through which memory is asked for, and not given back.
    const sanitized = [environment['ASAN_OPTIONS'], 'verify_asan_link_order=0', 'alloc_dealloc_mismatch=0'];
    return {
      ...environment,
      ASAN_OPTIONS: sanitized.filter((option) => option !== undefined).join(':'),
      SOCKDIAG_FAULTS: file,
      SOCKDIAG_FAULTS_SOCKET: this.#socket,
      SOCKDIAG_FAULTS_NAMESPACE: `sockdiag-faults-${process.pid}`,
    };
  }
}

/** A program that takes so long hangs. Milliseconds. */
const LIMIT = 120_000;

/** For a test of one. */
export const PATIENCE: number = LIMIT + 20_000;
