/** The files of an unpacked kernel: its image, and those of its modules that a machine carries. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What the tests are about. A kernel may lack some of them. */
export const MODULES = [
  ...['inet_diag', 'tcp_diag', 'udp_diag', 'raw_diag', 'unix_diag', 'af_packet_diag', 'netlink_diag'],
  ...['mptcp_diag', 'sctp_diag', 'dccp_diag', 'dccp_ipv4', 'dccp_ipv6', 'vsock_diag', 'vsock_loopback'],
  ...['xsk_diag', 'smc_diag', 'diag', 'tipc_diag', 'crc32c_generic', 'af_key', 'af_packet', 'sctp', 'tipc'],
  ...['smc', 'tls', 'tcp_dctcp', 'tcp_bbr', 'tcp_vegas', 'veth', 'dummy'],
  // The ciphers of TLS.
  ...[
    'gcm',
    'ghash_generic',
    'ccm',
    'ctr',
    'chacha20poly1305',
    'chacha_generic',
    'chacha',
    'poly1305_generic',
  ],
];

/** What the machine itself is made of; `init.sh` loads them. */
const BASE = ['virtio_pci', 'virtio_rng', 'virtiofs', 'overlay'];

/**
 * @typedef {object} KernelFiles
 * @property {string} release
 * @property {string} image the file to boot
 * @property {string} modules the folder that they are in
 */

/**
 * @param {string} folder
 * @returns {KernelFiles}
 */
export function findKernel(folder) {
  // Where packages put the modules: since Debian 13, and before.
  const parent = firstOf([join(folder, 'usr/lib/modules'), join(folder, 'lib/modules')]);
  const release = parent && readdirSync(parent)[0];
  if (parent === undefined || release === undefined) throw new Error(`there is no kernel in ${folder}`);
  const modules = join(parent, release);
  // Where they put the image: beside the modules since 7.2.
  const image = firstOf([join(folder, `boot/vmlinuz-${release}`), join(modules, 'vmlinuz')]);
  if (image === undefined) throw new Error(`the kernel in ${folder} has no vmlinuz`);
  return { release, image, modules };
}

/** @param {string[]} files */
function firstOf(files) {
  return files.find((file) => existsSync(file));
}

/**
 * The modules of these names with all that they depend on, and the tables that modprobe finds them by.
 *
 * @param {KernelFiles} kernel
 * @param {readonly string[]} names
 * @returns {{ files: Map<string, Buffer>, carried: string[] }} files by their path in the modules' folder, and
 *   those of the names that the kernel has as modules
 */
export function collectModules({ modules }, names) {
  const table = readDependencies(join(modules, 'modules.dep'));
  const carried = names.filter((name) => table.has(name));
  const paths = new Set([...BASE, ...carried].flatMap((name) => table.get(name) ?? []));
  const files = new Map(Array.from(paths, (path) => [path, readFileSync(join(modules, path))]));
  const held = new Set(Array.from(paths, moduleName));
  const keep = (/** @type {string} */ file, /** @type {(line: string) => string} */ nameOf) => {
    const lines = readFileSync(join(modules, file), 'utf8').split('\n');
    files.set(file, Buffer.from(lines.filter((line) => held.has(nameOf(line))).join('\n') + '\n'));
  };
  keep('modules.dep', (line) => moduleName(line.split(':')[0] ?? ''));
  keep('modules.alias', (line) => line.split(' ').at(-1) ?? '');
  files.set('modules.builtin', readFileSync(join(modules, 'modules.builtin')));
  return { files, carried };
}

/**
 * @param {string} file
 * @returns {Map<string, string[]>} the paths of a module and of all that it depends on, by its name
 */
function readDependencies(file) {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const paths = line.replace(':', '').trim().split(' ');
      return [moduleName(paths[0] ?? ''), paths];
    }),
  );
}

/** @param {string} path */
function moduleName(path) {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}
