/** netTcp4() and netTcp6() of the npm package @stroncium/procfs. */
import { requirePeer } from '../peers.mjs';

/** @returns {import('./subject.mjs').Subject} */
export function create() {
  const { procfs } = requirePeer('@stroncium/procfs');
  return {
    run: () => procfs.netTcp4().length + procfs.netTcp6().length,
    tiny: () => procfs.netUdp4(),
  };
}
