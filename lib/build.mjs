// Makes dist/ of the sources: the declarations of their types, and few large files of JavaScript instead of many small
// ones, since to find and link two hundred of them takes Node longer than a dump of ten thousand sockets.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

import { noticesOf } from './notices.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * The source of what is to be there: `./dist/filter/index.js` is made of `lib/filter/index.ts`.
 *
 * @param {string} file
 * @returns {[name: string, source: string]}
 */
function entry(file) {
  const name = file.replace(/^\.\/dist\//, '').replace(/\.js$/, '');
  return [name, join(root, 'lib', `${name}.ts`)];
}

/**
 * What an entry always needs is one file, and not many by who needs what else of it too. The entry itself is not in it:
 * while that waits for what it does, nothing that imports the file would start.
 *
 * @param {string} id
 * @param {import('rolldown').ChunkingContext} context
 * @returns {string | null}
 */
function chunkOf(id, context) {
  if (context.getModuleInfo(id)?.isEntry) return null;
  return isAlwaysNeeded(id, context, new Set()) ? 'common' : null;
}

/**
 * @param {string} id
 * @param {import('rolldown').ChunkingContext} context
 * @param {Set<string>} seen
 * @returns {boolean}
 */
function isAlwaysNeeded(id, context, seen) {
  if (seen.has(id)) return false;
  seen.add(id);
  const { isEntry = false, importers = [] } = context.getModuleInfo(id) ?? {};
  return isEntry || importers.some((importer) => isAlwaysNeeded(importer, context, seen));
}

/** A single letter beyond Latin-1 makes the engine keep, and read, all of a file in twice as many bytes. */
const ascii = {
  name: 'ascii',
  /**
   * @param {unknown} _options
   * @param {import('rolldown').OutputBundle} bundle
   */
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk') chunk.code = escaped(chunk.code);
  },
};

/** @param {string} code */
function escaped(code) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the range that is meant
  return code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What the live view's library has for its own developers, which loads a package that nobody here has. */
const withoutDevtools = {
  name: 'without-devtools',
  /** @param {string} id */
  load: (id) => (id.endsWith('/ink/build/devtools.js') ? 'export {};' : null),
};

/** @type {import('rolldown').Plugin} */
const notices = {
  name: 'notices',
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((chunk) => chunk.type === 'chunk');
    const source = noticesOf(chunks.flatMap(({ moduleIds }) => moduleIds));
    if (source !== '') this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source });
  },
};

/**
 * @param {readonly string[]} files
 * @param {import('rolldown').OutputOptions} output where what goes that several of them need, or one of them sometimes
 */
async function bundle(files, output) {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(files.map(entry)),
    platform: 'node',
    plugins: [ascii, withoutDevtools, notices],
    transform: {
      target: 'node20.19',
      define: { 'process.env.NODE_ENV': '"production"' },
    },
  });
  await build.write({
    dir: dist,
    format: 'esm',
    sourcemap: true,
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    comments: { annotation: true, legal: true, jsdoc: false },
    ...output,
  });
}

rmSync(dist, { recursive: true, force: true });
const library = Object.values(exports).flatMap((target) => target.default ?? []);
const [command] = Object.values(bin);
// Apart, since what the one has in common with the other would have to be looked for in one file more.
await Promise.all([
  bundle(library, { chunkFileNames: 'shared/[name].js' }),
  bundle([command], {
    chunkFileNames: 'cli/[name].js',
    codeSplitting: { groups: [{ name: chunkOf, debugName: 'common' }] },
  }),
]);
chmodSync(join(root, command), 0o755);

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
