/** The numbers that the headers of the building machine's kernel give names: enumerators and macros. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compilers } from './headers.js';

/** The numbers of all names in the headers that are wanted. Headers that are not there have none. */
export function numbersOfHeaders(
  headers: readonly string[],
  isWanted: (name: string) => boolean,
  [program = 'cc', ...options]: readonly string[] = compilers()[0] ?? ['cc', '-xc'],
): Map<string, number> {
  const includes = headers
    .map((path) => `#if __has_include(<${path}>)\n#include <${path}>\n#endif\n`)
    .join('');
  const directory = mkdtempSync(join(tmpdir(), 'sockdiag-numbers-'));
  try {
    const text = run(program, [...options, '-E', '-dD', '-P', '-'], includes);
    const executable = join(directory, 'numbers');
    const names = namesIn(text).filter(isWanted);
    run(program, [...options, '-w', '-', '-o', executable], programOf(includes, names));
    const lines = run(executable, [], '').trimEnd().split('\n');
    return new Map(
      lines.map((line) => line.split(' ')).map(([name, number]) => [name as string, Number(number)]),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The words of preprocessed text and of the macros in it, but for macros that want arguments. */
function namesIn(text: string): string[] {
  const words = new Set(text.match(/\b[A-Za-z_]\w*/g));
  for (const [, name] of text.matchAll(/^#define (\w+)\(/gm)) words.delete(name as string);
  return [...words];
}

/** A word that is no number's name does not compile. */
function programOf(includes: string, names: readonly string[]): string {
  const prints = names.map((name) => `printf("${name} %lld\\n", (long long)(${name}));`);
  return `${includes}#include <stdio.h>\nint main(void) { ${prints.join('\n')} return 0; }\n`;
}

function run(program: string, options: readonly string[], input: string): string {
  const result = spawnSync(program, options, { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr}`);
  return result.stdout;
}
