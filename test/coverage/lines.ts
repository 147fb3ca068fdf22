/** Lines that were run, lines that were not, and the reasons for that. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './folders.js';

/** By the path of a file from the root, of each line that can be run, whether it was. */
export type Lines = Map<string, Map<number, boolean>>;

export interface FileCount {
  file: string;
  lines: number;
  run: number;
  /** Not run, and a comment says why. */
  reasoned: number[];
  /** Not run. */
  untested: number[];
  /** Where reasons are given for nothing. */
  needless: number[];
}

/** Behind a line, of that line, and of the block that it opens; alone, of the rest of the block. */
const REASON = /\/\/ untested: \S/;

interface Reason {
  /** Where it is given, from 1 on. */
  line: number;
  /** What it is given for. */
  lines: number[];
}

export function count(lines: Lines): FileCount[] {
  return [...lines]
    .map(([file, hits]) => {
      const reasons = reasonsIn(readFileSync(join(ROOT, file), 'utf8').split('\n'));
      const hasReason = new Set(reasons.flatMap((reason) => reason.lines));
      const missed = [...hits].filter(([, isRun]) => !isRun).map(([line]) => line);
      return {
        file,
        lines: hits.size,
        run: hits.size - missed.length,
        reasoned: missed.filter((line) => hasReason.has(line)),
        untested: missed.filter((line) => !hasReason.has(line)),
        needless: reasons
          .filter((reason) => !reason.lines.some((line) => hits.get(line) === false))
          .map(({ line }) => line),
      };
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

export function reasonsIn(text: readonly string[]): Reason[] {
  return text.flatMap((line, at) => {
    const found = line.search(REASON);
    if (found < 0) return [];
    const isAlone = found === depthOf(line);
    const depth = isAlone ? found : depthOf(line) + 1;
    const after = text.slice(at + 1).findIndex((next) => depthOf(next) !== -1 && depthOf(next) < depth);
    const count = after === -1 ? text.length - at - 1 : after;
    const block = Array.from({ length: count }, (_, i) => at + 2 + i);
    return [{ line: at + 1, lines: isAlone ? block : [at + 1, ...block] }];
  });
}

/** How far a line is set in; -1 if there is nothing in it. */
const depthOf = (line: string): number => line.search(/\S/);

export function add(lines: Lines, file: string, line: number, isRun: boolean): void {
  const hits = lines.get(file) ?? new Map<number, boolean>();
  lines.set(file, hits);
  hits.set(line, isRun || hits.get(line) === true);
}
