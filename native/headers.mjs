/** Node's own headers are used where they lie beside the running Node, as in distributions' packages and in Node's archives. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

/**
 * Where they are not, node-gyp downloads them, which is slower and needs a network.
 *
 * @returns {NodeJS.ProcessEnv} what tells node-gyp of them
 */
export function headers() {
  const prefix = dirname(dirname(process.execPath));
  if (!existsSync(join(prefix, 'include/node/node_api.h'))) return {};
  // Both names: npm 12 keeps only the first, and node-gyp 12 reads either.
  return { npm_package_config_node_gyp_nodedir: prefix, npm_config_nodedir: prefix };
}
