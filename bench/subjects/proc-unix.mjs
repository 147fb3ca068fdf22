/** The text of /proc/net/unix. */
import { decimal, endOfToken, hex, startOfToken } from './digits.mjs';

/** Refcount, protocol, flags, type, state and inode stand behind the colon; names may hold anything. */
const LINE = /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{2} +\d/;

const TYPES = ['', 'stream', 'dgram', '', '', 'seqpacket'];

const LISTENS = 0x10000;

/** The states of struct socket, which are not those of the diag interface. */
const STATES = ['', 'CLOSE', 'SYN_SENT', 'ESTABLISHED', 'CLOSE'];

/** @param {string} text */
export function parseUnix(text) {
  const lines = text.split('\n');
  const records = [];
  for (let i = 1; i < lines.length; i++) {
    const line = /** @type {string} */ (lines[i]);
    if (LINE.test(line)) records.push(parseLine(line));
    // A name that holds a line break goes on here.
    else if (i < lines.length - 1) appendName(records.at(-1), line);
  }
  return records;
}

/** @param {string} line */
function parseLine(line) {
  const at = line.indexOf(':') + 2;
  const listens = (hex(line, at + 18, 8) & LISTENS) !== 0;
  const inode = startOfToken(line, at + 35);
  const inodeEnd = endOfToken(line, inode);
  return {
    family: 'unix',
    type: TYPES[hex(line, at + 27, 4)],
    state: listens ? 'LISTEN' : STATES[hex(line, at + 32, 2)],
    inode: decimal(line, inode, inodeEnd),
    name: inodeEnd < line.length ? line.slice(inodeEnd + 1) : undefined,
  };
}

/**
 * @param {{ name: string | undefined } | undefined} record
 * @param {string} rest
 */
function appendName(record, rest) {
  if (record?.name !== undefined) record.name += `\n${rest}`;
}
