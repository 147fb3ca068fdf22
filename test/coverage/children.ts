/** What of lib/ was run by processes that tests start. These run dist/, and its source maps lead back. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { mergeProcessCovs } from '@bcoe/v8-coverage';

import { CHILDREN, ROOT } from './folders.js';
import { add, type Lines } from './lines.js';

interface Process {
  result: Profiler.ScriptCoverage[];
}

const DIST: string = pathToFileURL(join(ROOT, 'dist/')).href;

/** Where tests install the package, it is the same. */
const INSTALLED = /^file:.*\/node_modules\/sockdiag\/dist\//;

/** So many are merged at a time: all of them together have no room. */
const LOT = 100;

/** Only those lines that were run: of the others, vitest knows best which there are. */
export function childLines(): Lines {
  const lines: Lines = new Map();
  for (const script of merged().result) {
    // What was written for dist/, or comes from others, has no source here.
    if (!existsSync(`${fileURLToPath(script.url)}.map`)) continue;
    for (const [file, line] of sourcesOf(script)) add(lines, file, line, true);
  }
  return lines;
}

function merged(): Process {
  let all: Process = { result: [] };
  const names = readdirSync(CHILDREN);
  for (let at = 0; at < names.length; at += LOT) {
    const lot = names.slice(at, at + LOT).flatMap((name) => read(join(CHILDREN, name)));
    all = mergeProcessCovs([all, ...lot]);
  }
  return all;
}

/** One that was killed while it was writing has left half a file. */
function read(path: string): Process[] {
  try {
    const { result } = JSON.parse(readFileSync(path, 'utf8')) as Process;
    rmSync(path);
    const scripts = result.map((script) => ({ ...script, url: script.url.replace(INSTALLED, DIST) }));
    return [{ result: scripts.filter(({ url }) => url.startsWith(DIST)) }];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/**
 * Where what was run of a script comes from. By all that its map has, not by statements alone: what is used once, the bundler
 * puts where it is used.
 */
function* sourcesOf({ url, functions }: Profiler.ScriptCoverage): Generator<[file: string, line: number]> {
  const path = fileURLToPath(url);
  const code = readFileSync(path, 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  const isRun = runIn(code.length, functions);
  let start = 0;
  for (const [row, text] of code.split('\n').entries()) {
    for (const { index } of text.matchAll(/[\w$]+|[^\w\s$]/g)) {
      if (isRun[start + index] === 0) continue;
      const entry = map.findEntry(row, index);
      // What the bundler has added comes from nowhere.
      if (!('originalSource' in entry) || entry.originalSource === undefined) continue;
      if (entry.generatedLine !== row) continue;
      yield [relative(ROOT, resolve(dirname(path), entry.originalSource)), entry.originalLine + 1];
    }
    start += text.length + 1;
  }
}

/** Of each letter, whether it was run: those of inner functions and blocks come behind those of outer ones. */
function runIn(length: number, functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const isRun = new Uint8Array(length);
  for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges))
    isRun.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return isRun;
}
