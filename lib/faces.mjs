/**
 * What is imported of the library: a small file for each entry, whose functions load what they are of when one of them is
 * called first. To read and link three hundred kilobytes takes longer than most programs would wait for what they may not
 * need; and of ES modules, nothing can be loaded in the midst of a call. So the library itself is CommonJS.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Writes the files, of what is built already.
 *
 * @param {string} dist
 * @param {readonly string[]} entries by their names
 */
export function writeFaces(dist, entries) {
  const errors = Object.keys(require(join(dist, 'library/errors.cjs')));
  // Each file more makes an import longer: what they are in is required itself.
  for (const name of ['errors.cjs', 'errors.cjs.map']) rmSync(join(dist, 'library', name), { force: true });
  for (const entry of entries) {
    const exports = Object.entries(require(join(dist, `library/${entry}.cjs`))).sort();
    const path = join(dist, `${entry}.js`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, faceOf(entry, exports, errors));
  }
}

/**
 * The library is beside it. A bundler may have put the file into another one, anywhere: then it is found by the name of its
 * package, as the addon has to be.
 *
 * @param {string} entry
 * @param {readonly [name: string, value: any][]} exports
 * @param {readonly string[]} errors the classes among these, which are needed before anything is called
 */
function faceOf(entry, exports, errors) {
  const up = '../'.repeat(entry.split('/').length - 1) || './';
  const functions = exports.filter(([name]) => !errors.includes(name));
  const classes = exports.map(([name]) => name).filter((name) => errors.includes(name));
  return `const require = globalThis.process.getBuiltinModule('node:module').createRequire(import.meta.url);
let cause;
function find(name) {
  try {
    return require(\`${up}library/\${name}.cjs\`);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  try {
    return require(require.resolve('sockdiag/package.json').replace('package.json', \`dist/library/\${name}.cjs\`));
  } catch (error) {
    cause ??= error;
  }
}
let found;
function library() {
  found ??= find('${entry}');
  if (found) return found;
  const where = \`sockdiag's package is not to be found from \${import.meta.url}\`;
  const error = new Error(\`\${where}: a bundler has to leave it where it is (as "external")\`, { cause });
  throw Object.assign(error, { code: 'ERR_SOCKDIAG_ADDON' });
}
const errors = find('error-classes');
${classes.map((name) => `export const ${name} = errors?.${name} ?? class ${name} extends Error {};`).join('\n')}
${functions.map(([name, value]) => `export const ${name} = ${forwarding(name, value)};`).join('\n')}
`;
}

/**
 * Some functions have others: `dport.eq`.
 *
 * @param {string} path
 * @param {any} value
 * @returns {string}
 */
function forwarding(path, value) {
  if (typeof value !== 'function')
    throw new Error(`${path} is no function, and cannot be loaded when it is called`);
  const own = `(...words) => library().${path}(...words)`;
  const others = Object.entries(value).map(
    ([name, inner]) => `${name}: ${forwarding(`${path}.${name}`, inner)}`,
  );
  return others.length === 0 ? own : `Object.assign(${own}, { ${others.join(', ')} })`;
}
