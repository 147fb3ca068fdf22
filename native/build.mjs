// Builds the addon with node-gyp: `node native/build.mjs [node-gyp arguments]`.
//
// Node's own headers are used where they lie beside the running Node (as in distribution packages and in
// every Node tarball); node-gyp would else download them, which needs a network and is slower.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const environment = { ...process.env };
const prefix = dirname(dirname(process.execPath));

if (existsSync(join(prefix, 'include/node/node_api.h'))) {
  // Both names: npm 12 keeps only the first, and node-gyp 12 reads either.
  environment.npm_package_config_node_gyp_nodedir ??= prefix;
  environment.npm_config_nodedir ??= prefix;
}

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
  env: environment,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
