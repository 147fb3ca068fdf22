/** How much of the sources was executed, by the engine's own counts. */
import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

/** A part of a file. */
interface Region {
  start: number;
  end: number;
}

export class Coverage {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    // Whether, and not how often: it costs next to nothing once all is known to be executed.
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Of a bundle, and there of the modules whose paths begin so: how many of their bytes were executed. Per cent. */
  async of(url: string, modules: readonly string[]): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const script = result.find((entry) => entry.url === url);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    const executed = executedOf(text.length, script?.functions ?? []);
    let [all, covered] = [0, 0];
    for (const { start, end } of regionsOf(text, modules)) {
      for (let at = start; at < end; at++) covered += executed[at] as number;
      all += end - start;
    }
    return all === 0 ? 0 : (100 * covered) / all;
  }
}

/** A 1 for each letter that was executed. The ranges are in each other, the outer ones first. */
function executedOf(length: number, functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const executed = new Uint8Array(length);
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges)
      executed.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  return executed;
}

/** The bundler puts a comment with its path in front of what was a module. */
function regionsOf(text: string, modules: readonly string[]): Region[] {
  const all = [...text.matchAll(/^\/\/ ([a-z_]\S+\.[a-z]+)$/gm)].map(({ index, 1: path = '' }) => ({
    index,
    path,
  }));
  return all.flatMap(({ index, path }, i) => {
    if (!modules.some((module) => path.startsWith(module))) return [];
    return [{ start: index, end: all[i + 1]?.index ?? text.length }];
  });
}
