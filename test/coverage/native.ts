/** What of native/ was run, in all processes together, as gcov tells it. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { addonOf, objectsOf } from '../../native/instrumented.mjs';
import { ROOT } from './folders.js';
import { add, type Lines } from './lines.js';

/** What gcov says of a source, and of what that includes. */
interface Told {
  files: { file: string; lines: { line_number: number; count: number }[] }[];
}

const OBJECTS: string = objectsOf('coverage');

/** Without what was run before. The files that all count in are for those, too, that have given up their privileges. */
export function forget(): void {
  for (const name of readdirSync(OBJECTS)) if (name.endsWith('.gcda')) rmSync(join(OBJECTS, name));
  const script = `process.umask(0); require(${JSON.stringify(addonOf('coverage'))})`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the addon cannot be loaded: ${stderr}`);
}

export function nativeLines(): Lines {
  const sources = readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.cc'));
  const objects = sources.map((name) => join(OBJECTS, name.replace('.cc', '.gcno')));
  const { stdout, stderr, status } = spawnSync('gcov', ['--json-format', '--stdout', ...objects], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`gcov: ${stderr}`);
  const lines: Lines = new Map();
  for (const text of stdout.split('\n').filter((line) => line !== '')) {
    for (const { file, lines: told } of (JSON.parse(text) as Told).files) {
      const name = /^(?:.*\/)?(native\/[^/]+)$/.exec(file)?.[1];
      if (name === undefined) continue;
      // One of a template, or of a header, may be there several times.
      for (const { line_number, count } of told) add(lines, name, line_number, count > 0);
    }
  }
  for (const [name, hits] of lines) leaveEnds(name, hits);
  const absent = sources.filter((name) => !lines.has(`native/${name}`));
  if (absent.length > 0) throw new Error(`gcov says nothing of ${absent.join(', ')}`);
  return lines;
}

/** What is counted at the end of a block is what the compiler adds for exceptions. */
function leaveEnds(name: string, hits: Map<number, boolean>): void {
  const text = readFileSync(join(ROOT, name), 'utf8').split('\n');
  for (const line of hits.keys()) if (/^\s*\}[);]*$/.test(text[line - 1] as string)) hits.delete(line);
}
