/** /proc/net/tcp and tcp6 split into lines and columns, as a first attempt does it; addresses stay as they are printed. */
import { readFileSync } from 'node:fs';
import { touchAll, toucher } from './subject.mjs';

const STATES = ['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'];
STATES.push('CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING');

/**
 * @param {string} text
 * @param {string} family
 */
function parse(text, family) {
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, near = '', far = '', state = '', queues = '', , , uid, , inode] = line.trim().split(/\s+/);
      const [src, sport = ''] = near.split(':');
      const [dst, dport = ''] = far.split(':');
      const [wqueue = '', rqueue = ''] = queues.split(':');
      return {
        family,
        state: STATES[parseInt(state, 16)],
        src,
        sport: parseInt(sport, 16),
        dst,
        dport: parseInt(dport, 16),
        rqueue: parseInt(rqueue, 16),
        wqueue: parseInt(wqueue, 16),
        uid: Number(uid),
        inode: Number(inode),
      };
    });
}

/** @param {string} name */
const read = (name) => readFileSync(`/proc/net/${name}`, 'latin1');

/** @returns {import('./subject.mjs').Subject} */
export function create() {
  const touch = toucher('tcp');
  return {
    run: () => touchAll([...parse(read('tcp'), 'inet'), ...parse(read('tcp6'), 'inet6')], touch),
    tiny: () => parse(read('udp'), 'inet'),
  };
}
