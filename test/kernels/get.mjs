/** Kernels of Debian, unpacked and kept. Nothing is installed. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { find, run, unpack, unpackRoot } from './archive.mjs';
import { findKernel } from './modules.mjs';
import { withTemporaryFolder } from './temporary.mjs';
import { BUSYBOX } from './tools.mjs';

const CACHE = join(import.meta.dirname, '../../.cache/kernels');

/**
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {{ cache?: string, refresh?: boolean }} [options] `refresh` asks the archive though there is one already
 * @returns {Promise<string>} the folder that the kernel is in
 */
export async function getKernel(kernel, { cache = CACHE, refresh = false } = {}) {
  const [newest] = kept(kernel, cache);
  return newest === undefined || refresh ? fetchKernel(kernel, cache) : newest;
}

/**
 * Where the root for its machines is, if it has one of its own.
 *
 * @param {string} folder of a kernel
 */
export function rootOf(folder) {
  return join(folder, 'root');
}

/**
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} cache
 * @returns {string[]} folders, the newest first
 */
function kept({ name }, cache) {
  if (!existsSync(cache)) return [];
  const names = readdirSync(cache).filter((entry) => entry.startsWith(`${name}-`));
  const folders = names.map((entry) => join(cache, entry));
  return folders.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
}

/**
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} cache
 */
async function fetchKernel(kernel, cache) {
  mkdirSync(cache, { recursive: true });
  return withTemporaryFolder(join(cache, 'fetch-'), async (temporary) => {
    const found = await find(kernel, temporary);
    const folder = join(cache, `${kernel.name}-${found.release}`);
    if (existsSync(folder)) return folder;
    const unpacked = join(temporary, 'kernel');
    await unpack(found, unpacked);
    await prepareModules(unpacked);
    if (kernel.root !== undefined) await unpackRoot(found, kernel.root, rootOf(unpacked));
    keep(kernel, unpacked, folder);
    return folder;
  });
}

/**
 * @param {import('./kernels.mjs').Kernel} kernel
 * @param {string} unpacked
 * @param {string} folder where it is to be
 */
function keep(kernel, unpacked, folder) {
  const older = kept(kernel, dirname(folder));
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(folder)) throw error;
  }
  for (const other of older) if (other !== folder) rmSync(other, { recursive: true, force: true });
}

/**
 * Does what an installation would: lists the modules' dependencies and aliases. Unpacks them first, which a machine
 * that is emulated takes longer for.
 *
 * @param {string} folder
 */
async function prepareModules(folder) {
  const { modules, release } = findKernel(folder);
  const names = readdirSync(modules, { encoding: 'utf8', recursive: true });
  const packed = names.filter((name) => name.endsWith('.ko.xz'));
  if (packed.length > 0) await run(BUSYBOX, ['unxz', ...packed], modules);
  await run(BUSYBOX, ['depmod', '-b', join(modules, '../../..'), release]);
}
