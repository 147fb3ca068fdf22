/** The benchmark: `npm run bench`. What it measures, and how, is told in README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { cleanUpAtExit, temporaryDirectory } from './lifetime.mjs';
import { isHeld, verdicts } from './limits.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { measure } from './measure.mjs';
import { HELP, parseOptions } from './options.mjs';
import { compilePrograms } from './programs.mjs';
import { limitsText, resultText } from './report.mjs';

/** @typedef {import('./options.mjs').Options} Options */

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return;
  }
  if (process.platform !== 'linux') throw new Error('only Linux has something to measure');
  if (process.getuid?.() !== 0) throw new Error('needs root: it makes network namespaces and enters them');
  cleanUpAtExit();
  await bench(options);
}

/** @param {Options} options */
async function bench(options) {
  const directory = temporaryDirectory();
  const programs = compilePrograms(directory);
  const machine = describeMachine();
  console.log(`# sockdiag benchmark\n\n${machineText(machine)}\n`);
  const results = [];
  for (const size of options.populations) {
    const result = await measure(size, options.rounds, programs, directory);
    console.log(resultText(result));
    results.push(result);
  }
  const promised = verdicts(results);
  console.log(limitsText(promised));
  save(options.json ?? defaultFile(machine), { machine, results, promised });
  if (options.check && !(promised?.every(isHeld) ?? false)) process.exitCode = 1;
}

/** @param {Record<string, string>} machine */
function defaultFile({ date = '' }) {
  const name = `${date.slice(0, 19).replaceAll(':', '-')}.json`;
  return fileURLToPath(new URL(`results/${name}`, import.meta.url));
}

/**
 * @param {string} file
 * @param {unknown} figures
 */
function save(file, figures) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
  console.log(`All figures: ${path.relative('', file)}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 2;
}
