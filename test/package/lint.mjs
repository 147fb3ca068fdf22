/** Has other people's linters look at the package as it is published: `npm run check:package -- [--tarball FILE]`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../kernels/temporary.mjs';
import { fetched, packed, ROOT, tried } from './tools.mjs';

/** No rule of theirs is ignored, but for those about CommonJS, which esm-only leaves out: the package is ES modules. */
const LINTERS = [
  { name: 'publint', version: '0.3.25', bin: 'publint', words: ['run', '--strict'] },
  { name: '@arethetypeswrong/cli', version: '0.18.5', bin: 'attw', words: ['--profile', 'esm-only'] },
];

async function main() {
  const { values } = parseArgs({ options: { tarball: { type: 'string' } } });
  exitOnSignals();
  const tarball = await packed(values);
  for (const linter of LINTERS) if (!(await isContent(linter, tarball))) process.exitCode = 1;
}

/**
 * @param {(typeof LINTERS)[number]} linter
 * @param {string} tarball
 */
async function isContent({ name, version, bin, words }, tarball) {
  const directory = await fetched(name, version);
  const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  const program = path.join(directory, manifest.bin[bin]);
  const { passed, stdout, stderr } = await tried(process.execPath, [program, ...words, tarball], ROOT);
  console.log(`${bin} ${version}  ${passed ? 'passed' : 'failed'}`);
  if (!passed) process.stdout.write(stdout + stderr);
  return passed;
}

try {
  await main();
} catch (error) {
  console.error(`check:package: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 2;
}
