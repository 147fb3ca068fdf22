/** Prints how many lines were run, and which were not. */
import type { FileCount } from './lines.js';

/** Percent of all lines, those with a reason among them. */
const FLOOR = 95;

const NAME_WIDTH = 44;

/** @returns whether it is enough */
export function print(language: string, files: readonly FileCount[]): boolean {
  console.log(`\n${language}${' '.repeat(NAME_WIDTH - language.length)} lines    run      %  not run`);
  for (const file of files) console.log(row(file.file, file, missing(file)));
  const all = { lines: sum(files, ({ lines }) => lines), run: sum(files, ({ run }) => run) };
  console.log(row('all', all, ''));
  const isEnough = percent(all) >= FLOOR;
  if (!isEnough)
    console.log(
      `${language}: ${percent(all).toFixed(1)} % of the lines were run, and the floor is ${FLOOR} %`,
    );
  const unreasoned = sum(files, ({ untested }) => untested.length);
  if (unreasoned > 0)
    console.log(`${language}: ${unreasoned} lines were not run, and no reason is given: '// untested: …'`);
  return isEnough && unreasoned === 0;
}

function missing({ reasoned, untested, needless }: FileCount): string {
  const parts = [
    ranges(untested),
    reasoned.length > 0 ? `with a reason: ${ranges(reasoned)}` : '',
    needless.length > 0 ? `with a reason, though run: ${ranges(needless)}` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function row(name: string, { lines, run }: { lines: number; run: number }, rest: string): string {
  const numbers = [
    `${lines}`.padStart(6),
    `${run}`.padStart(6),
    percent({ lines, run }).toFixed(1).padStart(6),
  ];
  return `${name.padEnd(NAME_WIDTH)}${numbers.join(' ')}  ${rest}`.trimEnd();
}

/** Of a file of types alone, all. */
function percent({ lines, run }: { lines: number; run: number }): number {
  return lines === 0 ? 100 : (100 * run) / lines;
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0);
}

/** 3, 4, 5 and 9 are 3-5 and 9. */
function ranges(lines: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else parts.push([line, line]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
