// Checks the form and the lint of the C++: `node native/check.mjs [--write]`. Needs clang-format and clang-tidy.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = ['native', 'test/native', 'test/fuzz', 'test/sanitizers'].filter((folder) =>
  existsSync(join(root, folder)),
);
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(folder, name)),
);

/** Where node_api.h is: beside the running Node, or where node-gyp keeps what it downloads. */
function nodeHeaders() {
  const beside = join(dirname(dirname(process.execPath)), 'include/node');
  const cached = join(homedir(), '.cache/node-gyp', process.versions.node, 'include/node');
  return [beside, cached].find((folder) => existsSync(join(folder, 'node_api.h'))) ?? beside;
}

/**
 * @param {string} command
 * @param {readonly string[]} words
 */
async function run(command, words) {
  const child = spawn(command, words, { cwd: root, stdio: 'inherit' });
  try {
    const [status] = await once(child, 'close');
    if (status !== 0) process.exitCode = status ?? 1;
  } catch (error) {
    console.error(`${command} could not be started (${error.code}): on Debian, apt-get install ${command}`);
    process.exitCode = 1;
  }
}

if (process.argv.includes('--write')) {
  await run('clang-format', ['-i', ...files]);
} else {
  await run('clang-format', ['--dry-run', '--Werror', ...files]);
  const sources = files.filter((name) => name.endsWith('.cc'));
  const addonApi = createRequire(import.meta.url)('node-addon-api').include_dir;
  const includes = ['-Inative', '-isystem', nodeHeaders(), '-isystem', join(root, addonApi)];
  const defines = ['-DNAPI_VERSION=8', '-DNODE_ADDON_API_CPP_EXCEPTIONS'];
  // As many at a time as there are processors: it takes longer than all else that is checked.
  const parts = Array.from({ length: availableParallelism() }, (_, part) =>
    sources.filter((_, i) => i % availableParallelism() === part),
  );
  await Promise.all(
    parts
      .filter((part) => part.length > 0)
      .map((part) => run('clang-tidy', ['--quiet', ...part, '--', '-std=c++17', ...defines, ...includes])),
  );
}
