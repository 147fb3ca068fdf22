/** networkConnections() of the npm package systeminformation; it lists UDP as well, which is not counted. */
import { requirePeer } from '../peers.mjs';

/** @returns {import('./subject.mjs').Subject} */
export function create() {
  const systeminformation = requirePeer('systeminformation');
  return {
    async run() {
      let rows = 0;
      for (const { protocol } of await systeminformation.networkConnections()) {
        if (protocol.startsWith('tcp')) rows++;
      }
      return rows;
    },
  };
}
