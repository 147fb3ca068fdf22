/** The command and ss, fed with the same recording: ss by a library that stands between it and the kernel (`feed.c`). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { compilers } from '../layout/headers.js';
import { attribute, done, message, words } from '../messages.js';
import { lackOf, skip } from '../tools.js';

const COMMAND = 'dist/cli/main.js';
const SOURCE = join(import.meta.dirname, 'feed.c');

/** True, with the reason printed, where ss cannot be fed. */
export function lackOfFeed(): boolean {
  return lackOf('ss') || (compilers().length === 0 && skip('there is no compiler here'));
}

/** What both print of a recording. */
export class Fed {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sockdiag-fed-'));
  readonly #library: string = join(this.#folder, 'feed.so');
  readonly #recording: string = join(this.#folder, 'recording');

  constructor() {
    const [compiler] = compilers()[0] as [string];
    execFileSync(compiler, ['-xc', '-Wall', '-shared', '-fPIC', '-o', this.#library, SOURCE]);
  }

  both(messages: readonly Buffer[], words: string): { ours: string; theirs: string } {
    const ours = this.only(messages, words);
    const env = { ...process.env, LD_PRELOAD: this.#library, SS_RECORDING: this.#recording };
    return {
      ours,
      theirs: execFileSync('ss', words.split(' '), { encoding: 'utf8', maxBuffer: 1 << 26, env }),
    };
  }

  /** Of what ss does not bear. */
  only(messages: readonly Buffer[], words: string): string {
    writeFileSync(this.#recording, Buffer.concat([...messages, done()]));
    return this.ours(words.split(' '));
  }

  /** What is in the file already. */
  ours(list: readonly string[]): string {
    return execFileSync(process.execPath, [COMMAND, '--from', this.#recording, ...list], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const REQUEST_LENGTH = 56;
const NLM_F_REQUEST_DUMP = 0x301;

/** The request that says of which protocol the sockets behind it are. */
export function inetRequest(protocol: number): Buffer {
  const structure = Buffer.alloc(REQUEST_LENGTH);
  structure[0] = 2;
  return message(Buffer.concat([structure, attribute(3, words(protocol))]), { flags: NLM_F_REQUEST_DUMP });
}
