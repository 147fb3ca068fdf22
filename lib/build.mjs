// Makes dist/ of the sources: the declarations of their types, and few large files of JavaScript instead of many small
// ones, since to find and link two hundred of them takes Node longer than a dump of ten thousand sockets.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { minifySync } from 'rolldown/utils';

import { writeFaces } from './faces.mjs';
import { noticesOf } from './notices.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * What is to be there, by its name: `./dist/filter/index.js`, which is made of `lib/filter/index.ts`, is `filter/index`.
 *
 * @param {string} file
 */
function nameOf(file) {
  return file.replace(/^\.\/dist\//, '').replace(/\.js$/, '');
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
  if (id.includes('/node_modules/')) return 'vendor';
  if (context.getModuleInfo(id)?.isEntry) return null;
  return entriesOf(id, context).length > 0 ? 'common' : null;
}

/**
 * What several entries of the library need is in three files: what the errors need, what all may need, and the way of a dump.
 *
 * @param {string} id
 * @param {import('rolldown').ChunkingContext} context
 * @returns {string | null}
 */
function sharedOf(id, context) {
  if (context.getModuleInfo(id)?.isEntry) return null;
  const entries = entriesOf(id, context);
  if (entries.length < 2) return null;
  return entries.some((entry) => /\/(filter|name)\/index\.ts$/.test(entry)) ? 'core' : 'dump';
}

/**
 * @param {string} id
 * @param {import('rolldown').ChunkingContext} context
 */
function errorsOf(id, context) {
  if (context.getModuleInfo(id)?.isEntry) return null;
  const entries = entriesOf(id, context);
  return entries.some((entry) => entry.endsWith('/lib/errors.ts')) ? 'error-classes' : null;
}

/**
 * @param {string} id
 * @param {import('rolldown').ChunkingContext} context
 * @param {Set<string>} [seen] modules that were looked at already
 * @returns {string[]} those that always need it, whether or not by others
 */
function entriesOf(id, context, seen = new Set()) {
  if (seen.has(id)) return [];
  seen.add(id);
  const { isEntry = false, importers = [] } = context.getModuleInfo(id) ?? {};
  return [...(isEntry ? [id] : []), ...importers.flatMap((importer) => entriesOf(importer, context, seen))];
}

/**
 * What Node has is taken as it is. Imported, each of its modules has all of its exports looked at, lazy ones included:
 * `node:process` opens the three standard streams, `node:fs` loads all of `node:stream`, which takes longer than all else.
 *
 * @type {import('rolldown').Plugin}
 */
const builtins = {
  name: 'builtins',
  resolveId: (id, importer, { kind }) =>
    id.startsWith('node:') && kind === 'import-statement' && !importer?.startsWith('\0')
      ? { id: `\0${id}`, moduleSideEffects: false }
      : null,
  load: (id) => (id.startsWith('\0node:') ? asModule(id.slice(1)) : null),
};

/** @param {string} name */
function asModule(name) {
  const names = Object.keys(process.getBuiltinModule(name)).filter((key) => key !== 'default');
  const it =
    name === 'node:process' ? 'globalThis.process' : `globalThis.process.getBuiltinModule('${name}')`;
  const variable = name.replace(/\W/g, '_');
  // In a call without effects, since what nobody imports must not be looked at.
  const exports = names.map((key) => `export const ${key} = /* @__PURE__ */ (() => ${variable}.${key})();`);
  return [`const ${variable} = ${it};`, `export default ${variable};`, ...exports].join('\n');
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

/** Of other people's packages nobody wants to find the way back: small, and without a map. */
const smallVendor = {
  name: 'small-vendor',
  /**
   * @param {unknown} _options
   * @param {import('rolldown').OutputBundle} bundle
   */
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk' || chunk.name !== 'vendor') continue;
      chunk.code = minifySync(chunk.fileName, chunk.code, { module: true }).code;
      delete bundle[`${chunk.fileName}.map`];
    }
  },
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
 * @param {readonly string[]} names of entries
 * @param {import('rolldown').OutputOptions} output what of it is not the same for all
 */
async function bundle(names, output) {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(names.map((name) => [name, join(root, 'lib', `${name}.ts`)])),
    platform: 'node',
    plugins: [builtins, smallVendor, ascii, withoutDevtools, notices],
    transform: {
      target: 'node20.19',
      define: { 'process.env.NODE_ENV': '"production"' },
    },
  });
  await build.write({
    sourcemap: true,
    sourcemapExcludeSources: true,
    comments: { annotation: true, legal: true, jsdoc: false },
    ...output,
  });
}

rmSync(dist, { recursive: true, force: true });
const entries = Object.values(exports).flatMap((target) => (target.default ? nameOf(target.default) : []));
const [command] = Object.values(bin);
// Apart, since what the one has in common with the other would have to be looked for in one file more.
await Promise.all([
  bundle([...entries, 'errors'], {
    dir: join(dist, 'library'),
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: {
      groups: [
        { name: errorsOf, priority: 2, debugName: 'errors' },
        { name: sharedOf, priority: 1, debugName: 'shared' },
      ],
    },
  }),
  bundle([nameOf(command)], {
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'cli/[name].js',
    codeSplitting: { groups: [{ name: chunkOf, debugName: 'common' }] },
  }),
]);
writeFaces(dist, entries);
chmodSync(join(root, command), 0o755);

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
