/** The terminal: what it can show, and that it is afterwards as it was before. */
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { ReadStream } from 'node:tty';

import type { Glyphs } from './sparkline.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether output is a terminal that can be drawn upon. */
export function isDrawable(env: Environment): boolean {
  return process.stdout.isTTY === true && env['TERM'] !== 'dumb';
}

/** By https://no-color.org. */
export function hasColours(env: Environment): boolean {
  return (env['NO_COLOR'] ?? '') === '';
}

/** By the locale, in the order of setlocale(3). */
export function glyphsOf(env: Environment): Glyphs {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale) ? 'unicode' : 'ascii';
}

/** The keyboard, also where standard input is something else; undefined without one. */
export function keyboard(): ReadStream | undefined {
  if (process.stdin.isTTY) return process.stdin;
  let fd: number | undefined;
  try {
    fd = openSync('/dev/tty', 'r');
    return new ReadStream(fd);
  } catch {
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
}
