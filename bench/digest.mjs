/** Whether two lists hold the same sockets, whatever their order. */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** @param {any} record */
function key(record) {
  if (record.family === 'unix') return `${record.inode} ${record.state}`;
  const holders = record.owners?.map((/** @type {any} */ { pid, fd }) => `${pid}/${fd}`).sort() ?? [];
  return [record.state, record.src, record.sport, record.dst, record.dport, ...holders].join(' ');
}

/** @param {string} text */
function fnv(text) {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash >>> 0;
}

/** @param {Iterable<any>} records */
export function digest(records) {
  let sum = 0;
  let mix = 0;
  let rows = 0;
  for (const record of records) {
    const hash = fnv(key(record));
    sum = (sum + hash) >>> 0;
    mix = (mix ^ Math.imul(hash, FNV_PRIME)) >>> 0;
    rows++;
  }
  return { rows, digest: `${sum.toString(16)}-${mix.toString(16)}` };
}
