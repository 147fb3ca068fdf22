/** Messages that other kernels sent, which are decoded without any kernel. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { decode } from 'sockdiag';

import { check } from './checks.mjs';

/**
 * All records in a folder of recordings.
 *
 * @param {string} folder
 * @returns {Promise<Record<string, string[]>>} as text, in which everything is told apart, by the files' names
 */
export async function decodeAll(folder) {
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.netlink'))) {
    const records = await decode(readFileSync(join(folder, name)), { show: ['md5sig'] }).toArray();
    found[name] = records.map((record) => JSON.stringify(record, asText));
  }
  return found;
}

/**
 * What JSON has no form for.
 *
 * @param {string} _name
 * @param {unknown} value
 */
function asText(_name, value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `${value}`;
  return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : value;
}

/**
 * @param {string} folder
 * @param {string} expected a file with what comes of it elsewhere
 */
export async function checkRecordings(folder, expected) {
  const all = JSON.parse(readFileSync(expected, 'utf8'));
  await check('decoding of recorded messages', async () => {
    const found = await decodeAll(folder);
    assert.deepEqual(found, all);
    assert.ok(Object.values(found).flat().length > 50);
  });
}
