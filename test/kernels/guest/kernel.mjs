/** The kernel that a test runs under, what it must lack, and what was found there. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import process from 'node:process';
import { probe, SockDiagError } from '../../../dist/index.js';
import { fieldsOf, isWithin } from '../fields.mjs';
import { KERNELS } from '../kernels.mjs';

/** @typedef {import('../kernels.mjs').Ability} Ability */

const NAME = process.env['SOCKDIAG_KERNEL'];

const kernel = KERNELS.find(({ name }) => name === NAME);
if (kernel === undefined) throw new Error(`SOCKDIAG_KERNEL is ${NAME}, which kernels.mjs does not have`);

export const KERNEL = kernel;

/** @param {Ability} ability */
export const can = (ability) => !KERNEL.cannot.includes(ability);

/** @type {import('../table.mjs').Report} */
const report = { release: release(), arch: process.arch, sockets: {}, lacks: {}, can: {}, untold: [] };

/**
 * To be called when the sockets of a kind have been compared with those that were made.
 *
 * @param {string} kind
 * @param {number} count
 */
export function reportSockets(kind, count) {
  report.sockets[kind] = count;
}

/**
 * To be called when it was seen whether the kernel can do it.
 *
 * @param {Ability} ability
 */
export function reportAbility(ability) {
  report.can[ability] = can(ability);
}

/** What not every kernel tells. */
const NEW_FIELDS = [...new Set(KERNELS.flatMap(({ untold }) => untold))];

/**
 * That records of a kind have what this kernel tells, and not what only others do.
 *
 * @param {string} kind
 * @param {readonly object[]} records
 */
export function assertFields(kind, records) {
  const told = fieldsOf(kind, records);
  const inQuestion = NEW_FIELDS.filter((field) => isWithin(field, [kind]));
  const untold = inQuestion.filter((field) => !told.has(field));
  assert.deepEqual(
    untold,
    inQuestion.filter((field) => isWithin(field, KERNEL.untold)),
  );
  report.untold.push(...untold);
}

process.on('exit', () => {
  const file = process.env['SOCKDIAG_REPORT'];
  if (file !== undefined) writeFileSync(file, JSON.stringify(report));
});

/**
 * That this kernel has no handler for a kind, by a dump's error and by what probe() says.
 *
 * @param {string} kind
 * @param {() => Promise<unknown>} ask
 */
export async function assertLack(kind, ask) {
  const layer = KERNEL.lacks[kind];
  await assert.rejects(ask, (error) => {
    assert.ok(error instanceof SockDiagError);
    assert.deepEqual([error.code, error.unsupported], ['ENOENT', layer]);
    assert.match(error.message, /^this kernel has no handler for .+ sockets: its module \w+ \(CONFIG_\w+\)/);
    return true;
  });
  const { families, protocols } = await probe();
  /** @type {Record<string, import('../../../dist/index.js').Support>} */
  const supports = layer === 'family' ? families : protocols;
  assert.equal(supports[kind]?.supported, false);
  report.lacks[kind] = /** @type {'family' | 'protocol'} */ (layer);
}

/**
 * What probe() says of all kinds.
 *
 * @returns {Promise<Record<string, boolean>>}
 */
export async function probedKinds() {
  const { families, protocols } = await probe();
  return Object.fromEntries(
    Object.entries({ ...families, ...protocols }).map(([name, { supported }]) => [name, supported]),
  );
}
