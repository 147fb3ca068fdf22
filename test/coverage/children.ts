/** What of lib/ was run by processes that tests start. These run dist/, and its source maps lead back. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { mergeProcessCovs } from '@bcoe/v8-coverage';
import { convert } from 'ast-v8-to-istanbul';
import coverage from 'istanbul-lib-coverage';
import { parseAst } from 'vite';

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
export async function childLines(): Promise<Lines> {
  const lines: Lines = new Map();
  for (const script of merged().result) {
    // What was written for dist/, or comes from others, has no source here.
    if (!existsSync(`${fileURLToPath(script.url)}.map`)) continue;
    const map = coverage.createCoverageMap(await converted(script));
    for (const path of map.files()) {
      const hits = Object.entries(map.fileCoverageFor(path).getLineCoverage());
      for (const [line, count] of hits) if (count > 0) add(lines, relative(ROOT, path), Number(line), true);
    }
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

async function converted(script: Profiler.ScriptCoverage): Promise<Awaited<ReturnType<typeof convert>>> {
  const path = fileURLToPath(script.url);
  const code = readFileSync(path, 'utf8');
  const map = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
  map.sourcesContent = map.sources.map((source: string) =>
    readFileSync(resolve(dirname(path), source), 'utf8'),
  );
  return convert({ code, sourceMap: map, coverage: script, ast: parseAst(code) as never });
}
