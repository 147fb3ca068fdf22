/** Measures what of lib/ and native/ the tests run, prints it, and fails under the floor. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import process from 'node:process';

import type { CoverageMap } from 'istanbul-lib-coverage';
import type { Reporter } from 'vitest/node';

import { build } from '../../native/instrumented.mjs';
import { childLines } from './children.js';
import { CHILDREN, ROOT } from './folders.js';
import { add, count, type Lines } from './lines.js';
import { forget, nativeLines } from './native.js';
import { print } from './table.js';

export default class CoverageReporter implements Reporter {
  onInit(): void {
    build('coverage');
    forget();
    rmSync(CHILDREN, { recursive: true, force: true });
    mkdirSync(CHILDREN, { recursive: true });
    chmodSync(CHILDREN, 0o1777);
  }

  async onCoverage(coverage: unknown): Promise<void> {
    try {
      const map = coverage as CoverageMap;
      const script = withChildren(linesOf(map), childLines(), map);
      const isEnough = [print('TypeScript', count(script)), print('C++', count(nativeLines()))];
      if (isEnough.includes(false)) process.exitCode = 1;
    } catch (error) {
      // Thrown, it would keep other reporters from telling how the tests went.
      console.error('coverage:', error);
      process.exitCode = 1;
    }
  }
}

function linesOf(coverage: CoverageMap): Lines {
  const lines: Lines = new Map();
  for (const path of coverage.files()) {
    const file = relative(ROOT, path);
    const hits = Object.entries(coverage.fileCoverageFor(path).getLineCoverage());
    for (const [line, times] of hits) add(lines, file, Number(line), times > 0);
  }
  return lines;
}

/** A statement of which any part was run was run. */
function withChildren(lines: Lines, children: Lines, coverage: CoverageMap): Lines {
  for (const path of coverage.files()) {
    const file = relative(ROOT, path);
    const run = [...(children.get(file)?.keys() ?? [])];
    for (const { start, end } of Object.values(coverage.fileCoverageFor(path).statementMap))
      if (run.some((line) => line >= start.line && line <= end.line)) add(lines, file, start.line, true);
  }
  return lines;
}
