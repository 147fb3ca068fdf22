/** owners() of sockdiag: who holds which socket, of all processes. Those of the population are counted. */
import { dumpTcp, owners } from '../../dist/index.js';
import { toucher } from './subject.mjs';

/** What populate.c is called. */
const HOLDER = 'populate';

/** Standard input and output may be sockets too. */
const STDERR = 2;

/**
 * @param {string} _kind
 * @param {string} way `bpf`, or nothing
 * @returns {import('./subject.mjs').Subject}
 */
export function create(_kind, way) {
  const touch = toucher('owners');
  const bpf = way === 'bpf';
  return {
    async run() {
      let rows = 0;
      for (const holders of (await owners({ bpf })).sockets.values()) {
        touch({ src: '', owners: holders });
        if (holders.some(({ comm, fd }) => comm === HOLDER && fd > STDERR)) rows++;
      }
      return rows;
    },
    tiny: () => owners({ pids: [process.pid] }),
    async records() {
      const { sockets } = await owners({ bpf });
      const records = await dumpTcp().toArray();
      return records.map((record) => ({ ...record, owners: sockets.get(record.inode) }));
    },
  };
}
