/**
 * Addresses as /proc/net prints them: 32-bit words of the machine's byte order, which is taken to be little
 * endian.
 */
import { hex } from './digits.mjs';

/**
 * @param {string} line
 * @param {number} at
 */
export function address4(line, at) {
  return `${hex(line, at + 6, 2)}.${hex(line, at + 4, 2)}.${hex(line, at + 2, 2)}.${hex(line, at, 2)}`;
}

/** The groups of the address at hand, to make no array for each. */
const groups = new Uint16Array(8);

/**
 * In the form of RFC 5952.
 *
 * @param {string} line
 * @param {number} at
 */
export function address6(line, at) {
  for (let i = 0; i < 8; i++) groups[i] = group(line, at + (i >> 1) * 8 + (i & 1 ? 0 : 4));
  const { start, length } = longestZeros();
  if (start === 0 && length === 5 && groups[5] === 0xffff) return `::ffff:${address4(line, at + 24)}`;
  if (length < 2) return join(0, 8);
  return `${join(0, start)}::${join(start + length, 8)}`;
}

/**
 * @param {string} line
 * @param {number} at
 */
function group(line, at) {
  return (hex(line, at + 2, 2) << 8) | hex(line, at, 2);
}

function longestZeros() {
  let start = 0;
  let length = 0;
  for (let i = 0, run = 0; i < 8; i++) {
    run = groups[i] === 0 ? run + 1 : 0;
    if (run > length) {
      length = run;
      start = i - run + 1;
    }
  }
  return { start, length };
}

/**
 * @param {number} from
 * @param {number} to
 */
function join(from, to) {
  let text = '';
  for (let i = from; i < to; i++) {
    if (i > from) text += ':';
    text += /** @type {number} */ (groups[i]).toString(16);
  }
  return text;
}
