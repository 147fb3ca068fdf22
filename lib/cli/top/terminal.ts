/** The terminal: what it can show, and that it is afterwards as it was before. */
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { ReadStream } from 'node:tty';

import type { Glyphs } from './sparkline.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** By the locale, in the order of setlocale(3). */
export function glyphsOf(env: Environment): Glyphs {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale) ? 'unicode' : 'ascii';
}

/** The keyboard, also where standard input is something else; undefined without one. */
export function keyboard(): ReadStream | undefined {
  if (process.stdin.isTTY) return process.stdin;
  // untested: the terminals of tests are standard input
  let fd: number | undefined;
  try {
    fd = openSync('/dev/tty', 'r');
    return new ReadStream(fd);
  } catch {
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
}
