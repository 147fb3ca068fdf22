/** Debian's archive, as the system's own apt sources name it, read without touching what apt knows of the system. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The archive has no such suite, or no such package in it, or is not to be reached. */
export class AbsentFromArchive extends Error {}

/** What Debian calls processors, by Node's words. */
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

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
 * @property {string} archives the folder that apt keeps packages in
 */

/**
 * The packages of the newest kernel of a suite.
 *
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} folder an empty one, for what apt writes
 * @returns {Promise<Found>}
 */
export async function find(kernel, folder) {
  const archives = join(folder, 'cache/archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const options = await configure(kernel, folder);
  const complaint = await update(options);
  const [image] = await dependencies(options, kernel.package, /^linux-image-\d/);
  if (image === undefined) throw notThere(kernel, complaint);
  const release = image.slice('linux-image-'.length);
  // A suite that is not released yet goes on.
  const isIt = release.startsWith(`${kernel.name.split('-').at(-1)}.`);
  if (!isIt) throw new AbsentFromArchive(`Debian's ${kernel.suite} has Linux ${release} by now`);
  // From 7.2 on, a kernel is split up.
  const parts = await dependencies(options, image, /^linux-(base|binary|modules)-\d/);
  return { release, packages: [image, ...parts], options, archives };
}

/**
 * @param {Found} found
 * @param {string} folder where they are unpacked to
 */
export async function unpack({ packages, options, archives }, folder) {
  await run('apt-get', [...options, '-qq', 'download', ...packages], archives);
  await extract(archives, folder);
}

/**
 * Unpacks packages of the kernel's suite with all that they depend on, to be the root of machines of another processor.
 * Nothing that they bring is run.
 *
 * @param {Found} found
 * @param {readonly string[]} packages
 * @param {string} folder
 */
export async function unpackRoot({ options, archives }, packages, folder) {
  const words = ['-qq', '--yes', '--download-only', '--no-install-recommends', 'install'];
  await run('apt-get', [...options, ...words, ...packages]);
  await extract(archives, folder);
}

/**
 * @param {string} archives a folder, which is left without packages
 * @param {string} folder
 */
async function extract(archives, folder) {
  mkdirSync(folder);
  for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb'))) {
    const file = join(archives, name);
    await run('dpkg-deb', ['--extract', file, folder]);
    rmSync(file);
  }
}

/**
 * Writes a configuration under which apt reads and writes nothing but what is in the folder.
 *
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} folder
 * @returns {Promise<string[]>} the options with which apt's programs use it
 */
async function configure({ suite, arch }, folder) {
  const { main, security } = await repositories();
  const sources = [`deb [signed-by=${KEYS}] ${main} ${suite} main`];
  if (security !== undefined) sources.push(`deb [signed-by=${KEYS}] ${security} ${suite}-security main`);
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `${sources.join('\n')}\n`);
  // The system's own configuration is read before this: its proxy stays, its hooks go.
  const configuration = [
    '#clear APT::Update;',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'APT::Sandbox::User "root";',
    `APT::Architecture "${ARCHITECTURES[arch]}";`,
    `APT::Architectures { "${ARCHITECTURES[arch]}"; };`,
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
  return new AbsentFromArchive(
    `no ${name} in Debian's ${suite}${complaint === '' ? '' : `:\n${complaint.trim()}`}`,
  );
}
