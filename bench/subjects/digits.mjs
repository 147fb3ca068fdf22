/** Numbers and words in lines of text, found without making strings of them. */

const BLANK = 32;

/**
 * Upper-case hexadecimal digits.
 *
 * @param {string} line
 * @param {number} at
 * @param {number} length
 */
export function hex(line, at, length) {
  let value = 0;
  for (let i = at; i < at + length; i++) {
    const code = line.charCodeAt(i);
    value = value * 16 + (code & 15) + (code >> 6) * 9;
  }
  return value;
}

/**
 * @param {string} line
 * @param {number} from
 * @param {number} to
 */
export function decimal(line, from, to) {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + line.charCodeAt(i) - 48;
  return value;
}

/**
 * @param {string} line
 * @param {number} from
 */
export function startOfToken(line, from) {
  let at = from;
  while (line.charCodeAt(at) === BLANK) at++;
  return at;
}

/**
 * @param {string} line
 * @param {number} from
 */
export function endOfToken(line, from) {
  let at = from;
  while (at < line.length && line.charCodeAt(at) !== BLANK) at++;
  return at;
}
