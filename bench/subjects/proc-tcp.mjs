/** The text of /proc/net/tcp and /proc/net/tcp6. */
import { decimal, endOfToken, hex, startOfToken } from './digits.mjs';
import { address4, address6 } from './proc-address.mjs';

/** @typedef {'inet' | 'inet6'} Family */

const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];

const TIMERS = ['off', 'on', 'keepalive', 'timewait', 'persist'];

/** The kernel prints times in units of a hundredth of a second. */
const MS_PER_TICK = 10;

const ADDRESS_WIDTH = { inet: 8, inet6: 32 };

/**
 * @param {string} text
 * @param {Family} family
 */
export function parseTcp(text, family) {
  const lines = text.split('\n');
  const records = [];
  // The first line is the header, and behind the last there is nothing.
  for (let i = 1; i < lines.length - 1; i++)
    records.push(parseLine(/** @type {string} */ (lines[i]), family));
  return records;
}

/**
 * Up to the retransmissions all columns have fixed places behind the index, which grows.
 *
 * @param {string} line
 * @param {Family} family
 */
function parseLine(line, family) {
  const width = ADDRESS_WIDTH[family];
  const address = family === 'inet' ? address4 : address6;
  const src = line.indexOf(':') + 2;
  const dst = src + width + 6;
  const state = dst + width + 6;
  const uid = startOfToken(line, state + 42);
  const uidEnd = endOfToken(line, uid);
  const inode = startOfToken(line, endOfToken(line, startOfToken(line, uidEnd)));
  return {
    family,
    protocol: 'tcp',
    state: STATES[hex(line, state, 2)],
    timer: TIMERS[hex(line, state + 21, 2)],
    retrans: hex(line, state + 33, 8),
    src: address(line, src),
    sport: hex(line, src + width + 1, 4),
    dst: address(line, dst),
    dport: hex(line, dst + width + 1, 4),
    expires: hex(line, state + 24, 8) * MS_PER_TICK,
    rqueue: hex(line, state + 12, 8),
    wqueue: hex(line, state + 3, 8),
    uid: decimal(line, uid, uidEnd),
    inode: decimal(line, inode, endOfToken(line, inode)),
  };
}
