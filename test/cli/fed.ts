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
    writeFileSync(this.#recording, Buffer.concat([...messages.map(apart), done()]));
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

/** Where the cookie is, by family; the message's header included. */
const COOKIES: Readonly<Record<number, number>> = { 1: 24, 2: 60, 10: 60, 16: 36, 17: 24, 40: 40, 44: 24 };

/** Gives a message that was made by hand a cookie of its own: of sockets that have the same, we print one. */
function apart(message: Buffer, place: number): Buffer {
  const isRequest = (message.readUInt16LE(6) & 1) !== 0;
  // Of TIPC: nothing, or an attribute, and no structure.
  const isAttribute = message.length === 16 || message.readUInt16LE(16) === message.length - 16;
  if (isRequest || isAttribute || place === 0) return message;
  const at = COOKIES[message.readUInt8(16)];
  if (at === undefined) return message;
  const copy = Buffer.from(message);
  copy.writeUInt32LE(place, at + 4);
  return copy;
}

const REQUEST_LENGTH = 56;
const NLM_F_REQUEST_DUMP = 0x301;

/** The request that says of which protocol the sockets behind it are. */
export function inetRequest(protocol: number): Buffer {
  const structure = Buffer.alloc(REQUEST_LENGTH);
  structure[0] = 2;
  return message(Buffer.concat([structure, attribute(3, words(protocol))]), { flags: NLM_F_REQUEST_DUMP });
}
