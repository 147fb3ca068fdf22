// Builds the addon for this machine, for developing: `node native/build.mjs [node-gyp arguments]`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { headers } from './headers.mjs';

const root = dirname(import.meta.dirname);

if (process.platform !== 'linux') {
  // Importing sockdiag works everywhere; only Linux has anything to build.
  console.log(`sockdiag: nothing to build on ${process.platform}`);
  process.exit(0);
}

const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const words =
  process.argv.length > 2
    ? process.argv.slice(2)
    : existsSync(join(root, 'build/Makefile'))
      ? ['build']
      : ['configure', 'build'];
const result = spawnSync(process.execPath, [nodeGyp, ...words, '--loglevel=warn'], {
  cwd: root,
  // What is set already was meant.
  env: { ...headers(), ...process.env },
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
