/** Makes one file of a program in TypeScript and of what it imports of lib/ and test/, since Node 20 runs no TypeScript. */
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = join(import.meta.dirname, '../..');

/** What is built, found and kept by the fuzzers. Git does not look there. */
export const CACHE = join(ROOT, '.cache/fuzz');

/**
 * @param {string} name of a module in this folder
 * @returns {Promise<string>} the path of the file
 */
export async function bundled(name) {
  const file = join(CACHE, 'bundles', `${name}.mjs`);
  const build = await rolldown({
    cwd: ROOT,
    input: join(import.meta.dirname, `${name}.ts`),
    platform: 'node',
    // Its path is that of a module of lib, from which the addon is looked for.
    external: [/^node:/],
    onLog: () => undefined,
    // With the path of each module in front of it: coverage.ts looks for them.
    experimental: { attachDebugInfo: 'simple' },
  });
  await build.write({ file, format: 'esm', sourcemap: true });
  await build.close();
  return file;
}
