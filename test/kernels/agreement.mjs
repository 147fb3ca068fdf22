/** Whether records are of the sockets that were made, as they were made. */
import { isDeepStrictEqual } from 'node:util';

/** @typedef {import('./agreement.d.mts').Made & { expect: Record<string, any> }} Made */
/** @typedef {Record<string, any>} DiagRecord */

/** What tells a socket from others, as far as it is known of one. */
const IDENTITY = [
  'cookie',
  'inode',
  'family',
  'src',
  'sport',
  'dst',
  'dport',
  'srcPort',
  'dstPort',
  'ref',
  'state',
];

/**
 * Every way in which the records of a kind are not what was made: none missing, none different, none too many.
 *
 * @param {readonly Made[]} made of that kind
 * @param {readonly DiagRecord[]} records
 * @returns {string[]} nothing if they agree
 */
export function disagreements(made, records) {
  const left = new Set(records);
  const problems = made.flatMap((socket) => {
    const record = [...left].find((candidate) => isOf(candidate, socket));
    if (record === undefined) return [`missing: ${socket.label} ${JSON.stringify(socket.expect)}`];
    left.delete(record);
    return differences(record, socket).map((difference) => `${socket.label}: ${difference}`);
  });
  const extra = [...left].filter((record) => !isOfTheKernel(record));
  return [...problems, ...extra.map((record) => `too many: ${JSON.stringify(record)}`)];
}

/**
 * @param {DiagRecord} record
 * @param {Made} socket
 */
function isOf(record, { expect, association }) {
  if (association !== undefined && association !== 'peers' in record) return false;
  const known = IDENTITY.filter((name) => name in expect);
  return known.every((name) => isDeepStrictEqual(record[name], expect[name]));
}

/**
 * Nobody has made the topology server of TIPC, and the kernel's own ends of netlink. Nor can the socket that a dump comes
 * over be known before it.
 *
 * @param {DiagRecord} record
 */
function isOfTheKernel({ family, type, state, hasPubl, protocol, portid, flags }) {
  if (family === 'netlink') return portid === 0 || (protocol === 'sock_diag' && flags.cbRunning);
  return family === 'tipc' && type === 'seqpacket' && state === 'LISTEN' && hasPubl;
}

/**
 * @param {DiagRecord} record
 * @param {Made} socket
 * @returns {string[]}
 */
function differences(record, { expect, keys }) {
  const { nonzero, present = [], sockopt = [], icons, ...fields } = expect;
  return [
    ...Object.entries(fields).flatMap(([name, value]) => difference(name, value, record[name])),
    ...(nonzero !== undefined && !(record[nonzero] > 0) ? [`${nonzero} is ${record[nonzero]}`] : []),
    ...present
      .filter((/** @type {string} */ name) => !(name in record))
      .map((/** @type {string} */ name) => `no ${name}`),
    ...sockopt
      .filter((/** @type {string} */ name) => record['sockopt']?.[name] !== true)
      .map((/** @type {string} */ name) => `${name} is not set`),
    // Those who wait, in no order.
    ...(icons === undefined ? [] : difference('icons', icons, record['icons']?.sort(byNumber))),
    ...(keys === undefined ? [] : difference('keys', keys, keysOf(record))),
    ...unknowns(record, ''),
  ];
}

/**
 * @param {number} one
 * @param {number} other
 */
const byNumber = (one, other) => one - other;

/** @param {DiagRecord} record */
function keysOf({ md5sig = [] }) {
  return md5sig.map((/** @type {{ key: Uint8Array }} */ { key }) => Buffer.from(key).toString('hex'));
}

/**
 * An expected object may leave out what is not known. Bytes are expected in hexadecimal.
 *
 * @param {string} path
 * @param {any} expected
 * @param {any} value
 * @returns {string[]}
 */
function difference(path, expected, value) {
  const actual = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  if (isDeepStrictEqual(expected, actual)) return [];
  if (typeof expected === 'object' && typeof actual === 'object' && expected !== null && actual !== null) {
    if (!Array.isArray(expected) || expected.length === actual.length) {
      return Object.entries(expected).flatMap(([name, value]) =>
        difference(`${path}.${name}`, value, actual[name]),
      );
    }
  }
  return [`${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
}

/**
 * Nothing that this kernel sends may be unknown, at whatever level.
 *
 * @param {any} value
 * @param {string} path
 * @returns {string[]}
 */
function unknowns(value, path) {
  if (typeof value === 'string') return /^unknown_/i.test(value) ? [`${path} is ${value}`] : [];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'unknown' ? [`${path}.unknown is ${JSON.stringify(inner)}`] : unknowns(inner, `${path}.${name}`),
  );
}
