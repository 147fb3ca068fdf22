/** Debian's archive, as the system's own apt sources name it, read without touching what apt knows of the system. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The archive has no such suite, or no such package in it. */
export class AbsentFromArchive extends Error {}

const execute = promisify(execFile);

/**
 * @param {string} program
 * @param {string[]} words
 * @param {string} [cwd]
 */
export async function run(program, words, cwd) {
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = await execute(program, words, { cwd, env, maxBuffer: 1 << 26 });
  return stdout;
}

/**
 * @typedef {object} Found
 * @property {string} release
 * @property {string[]} packages
 * @property {string[]} options that apt wants, to find them
 */

/**
 * The packages of the newest kernel of a suite.
 *
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} folder an empty one, for what apt writes
 * @returns {Promise<Found>}
 */
export async function find(kernel, folder) {
  const options = await configure(kernel.suite, folder);
  const complaint = await update(options);
  const [image] = await dependencies(options, kernel.package, /^linux-image-\d/);
  if (image === undefined) throw notThere(kernel, complaint);
  // From 7.2 on, a kernel is split up.
  const parts = await dependencies(options, image, /^linux-(base|binary|modules)-\d/);
  return { release: image.slice('linux-image-'.length), packages: [image, ...parts], options };
}

/**
 * @param {Found} found
 * @param {string} folder where they are unpacked to
 */
export async function unpack({ packages, options }, folder) {
  mkdirSync(folder);
  await run('apt-get', [...options, '-qq', 'download', ...packages], folder);
  for (const file of readdirSync(folder)) {
    await run('dpkg-deb', ['--extract', file, '.'], folder);
    rmSync(join(folder, file));
  }
}

/**
 * Writes a configuration under which apt reads and writes nothing but what is in the folder.
 *
 * @param {string} suite
 * @param {string} folder
 * @returns {Promise<string[]>} the options with which apt's programs use it
 */
async function configure(suite, folder) {
  const { main, security } = await repositories();
  const sources = [`deb [signed-by=${KEYS}] ${main} ${suite} main`];
  if (security !== undefined) sources.push(`deb [signed-by=${KEYS}] ${security} ${suite}-security main`);
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `${sources.join('\n')}\n`);
  // The system's own configuration is read before this: its proxy stays, its hooks go.
  const configuration = [
    '#clear APT::Update;',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'APT::Sandbox::User "root";',
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    `Dir::State::lists "${folder}/lists";`,
    'Dir::State::status "/dev/null";',
    `Dir::Cache "${folder}/cache";`,
  ];
  writeFileSync(join(folder, 'apt.conf'), `${configuration.join('\n')}\n`);
  return ['-c', join(folder, 'apt.conf')];
}

/** Where the system gets Debian and its security updates from. Sources of every format are left to apt to read. */
async function repositories() {
  const format = ['--no-release-info', '--format', '$(REPO_URI) $(RELEASE)'];
  const targets = await run('apt-get', [
    'indextargets',
    ...format,
    'Created-By: Packages',
    'Component: main',
  ]);
  const lines = targets.split('\n').map((line) => line.split(' '));
  // A list of mirrors is a file named for what they mirror.
  const main = lines.find(([uri]) => /\/debian(\.list)?\/$/.test(uri ?? ''))?.[0];
  if (main === undefined) throw new Error("there is no archive of Debian among the system's apt sources");
  return { main, security: lines.find(([, release]) => release?.endsWith('-security'))?.[0] };
}

/**
 * A suite without security updates is no failure, so that failures show only in what cannot be found afterwards.
 *
 * @param {string[]} options
 * @returns {Promise<string>} what apt complained of
 */
async function update(options) {
  try {
    await run('apt-get', [...options, '-qq', '-o', 'APT::Update::Error-Mode=any', 'update']);
    return '';
  } catch (error) {
    return /** @type {{ stderr: string }} */ (error).stderr;
  }
}

/**
 * @param {string[]} options
 * @param {string} name of a package
 * @param {RegExp} pattern
 * @returns {Promise<string[]>} the packages that it depends on and whose names fit; none if it does not exist
 */
async function dependencies(options, name, pattern) {
  const text = await run('apt-cache', [...options, 'depends', name]).catch(() => '');
  const names = Array.from(text.matchAll(/Depends: (\S+)/g), ([, dependency = '']) => dependency);
  return names.filter((dependency) => pattern.test(dependency));
}

/**
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} complaint
 */
function notThere({ suite, package: name }, complaint) {
  const message = `no ${name} in Debian's ${suite}${complaint === '' ? '' : `:\n${complaint.trim()}`}`;
  const absent = complaint === '' || complaint.includes('does not have a Release file');
  return absent ? new AbsentFromArchive(message) : new Error(message);
}
