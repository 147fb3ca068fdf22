/** Compiles programs against the package as npm installs it: `npm run test:types -- [options]`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { exitOnSignals } from '../kernels/temporary.mjs';
import { emptyProject, fetched, install, packed, ROOT, tried } from './tools.mjs';

/** The last of each minor version. */
const VERSIONS = ['5.4.5', '5.5.4', '5.6.3', '5.7.3', '5.8.3', '5.9.3', '6.0.3', '7.0.2'];

/** The first and the last of what package.json says that it goes with. */
const PEERS = [
  ['@opentelemetry/api@1.3.0', 'prom-client@14.0.0'],
  ['@opentelemetry/api@1.9.1', 'prom-client@15.1.3'],
];

const HELP = `Usage: npm run test:types -- [options]

Compiles test/types.ts and test/package/consumer/ against the package, with each version of TypeScript, and test/package/peers/
with what it goes with.

  --typescript VERSION  with this one only (default: ${VERSIONS.join(', ')}); may be given several times
  --node-types VERSION  of @types/node (default: ${nodeTypes()}, as here)
  --tarball FILE        of this package, instead of one that is packed for it
  --help                print this`;

const STRICT = {
  target: 'es2022',
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  resolveJsonModule: true,
  // Our own declarations are what is tested.
  skipLibCheck: false,
};

/**
 * Neither has `types`: that is all there are, but nothing for TypeScript 6 and 7. The one has the language alone, the other
 * what the browser has too, as without a word on it.
 *
 * @type {Record<string, { compilerOptions: object, extensions: RegExp }>}
 */
const MODES = {
  nodenext: { compilerOptions: { module: 'nodenext', lib: ['es2022'] }, extensions: /\.c?ts$/ },
  bundler: { compilerOptions: { module: 'esnext', moduleResolution: 'bundler' }, extensions: /\.ts$/ },
};

async function main() {
  const { values } = parseArgs({
    options: {
      typescript: { type: 'string', multiple: true, default: VERSIONS },
      'node-types': { type: 'string', default: nodeTypes() },
      tarball: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  exitOnSignals();
  const packages = [await packed(values), `@types/node@${values['node-types']}`];
  const projects = [
    await projectOf(packages, [path.join(ROOT, 'test/types.ts'), ...filesIn('consumer')], []),
  ];
  for (const peers of PEERS) projects.push(await projectOf(packages, filesIn('peers'), peers));
  /** @type {boolean[]} */
  const results = [];
  for (const version of values.typescript) {
    const compiler = path.join(await fetched('typescript', version), 'bin/tsc');
    for (const project of projects) {
      const jobs = Object.keys(MODES).map((mode) => compiles({ project, compiler, version, mode }));
      results.push(...(await Promise.all(jobs)));
    }
  }
  const passed = results.filter((result) => result).length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  if (passed < results.length) process.exitCode = 1;
}

/** What this project is compiled with: made for the oldest Node that we run on, and for TypeScript from 5.3 on. */
function nodeTypes() {
  const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  return devDependencies['@types/node'];
}

/** @param {string} name @returns {string[]} */
function filesIn(name) {
  const folder = path.join(ROOT, 'test/package', name);
  return readdirSync(folder).map((file) => path.join(folder, file));
}

/** @typedef {{ folder: string, programs: string[], peers: readonly string[] }} Project */

/**
 * @param {readonly string[]} packages
 * @param {readonly string[]} files
 * @param {readonly string[]} peers that are there as well
 * @returns {Promise<Project>}
 */
async function projectOf(packages, files, peers) {
  const folder = emptyProject();
  await install(folder, [...packages, ...peers]);
  const programs = files.map((file) => {
    const name = path.basename(file);
    writeFileSync(path.join(folder, name), asConsumer(readFileSync(file, 'utf8')));
    return name;
  });
  return { folder, programs, peers };
}

/** What is imported from lib here comes from the package there. @param {string} source */
function asConsumer(source) {
  return source.replaceAll(/'(?:\.\.\/)+lib(\/\w+)?\/index\.js'/g, (_, entry = '') => `'sockdiag${entry}'`);
}

/**
 * @param {{ project: Project, compiler: string, version: string, mode: string }} job
 * @returns {Promise<boolean>} whether there is nothing to complain of
 */
async function compiles({ project: { folder, programs, peers }, compiler, version, mode }) {
  const { compilerOptions, extensions } = MODES[mode];
  const files = programs.filter(
    (name) => extensions.test(name) && (name !== 'require.cts' || isRequiring(version)),
  );
  const config = path.join(folder, `tsconfig.${mode}.json`);
  // Other people's declarations are not what is tested.
  const options = { ...STRICT, ...compilerOptions, skipLibCheck: peers.length > 0 };
  writeFileSync(config, JSON.stringify({ compilerOptions: options, files }));
  const { passed, stdout, stderr } = await tried(process.execPath, [compiler, '-p', config], folder);
  const line = [`TypeScript ${version}`, mode.padEnd(8), passed ? 'passed' : 'failed', peers.join(', ')];
  console.log(line.join('  ').trimEnd());
  if (!passed) process.stdout.write(stdout + stderr);
  return passed;
}

/** Whether it lets CommonJS require an ES module. @param {string} version */
function isRequiring(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 5 || minor >= 8;
}

try {
  await main();
} catch (error) {
  console.error(`test:types: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 2;
}
