/**
 * Sockets of all families that Debian's kernels have, each as it was made: none missing, none too many. Runs inside a
 * machine: npm run test:kernels.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { before, describe, test } from 'node:test';
import { decode, dumpTcp, owners } from '../../../dist/index.js';
import { disagreements } from '../agreement.mjs';
import { DUMPS } from '../dumps.mjs';
import { theWorld } from '../world.mjs';
import {
  assertFields,
  assertLack,
  can,
  KERNEL,
  probedKinds,
  reportAbility,
  reportSockets,
} from './kernel.mjs';

/** Of ss, all sockets: numbers, one line each, with details. */
const SS = ['-a', '-n', '-H', '-O', '-e'];
/** @type {Record<string, string>} where ss prints cookies; of vsock it does not, and it knows nothing of UDP-Lite and SMC */
const SS_KINDS = {
  raw: '-w',
  udp: '-u',
  mptcp: '-M',
  sctp: '-S',
  dccp: '-d',
  xdp: '--xdp',
  tipc: '--tipc',
};

/**
 * It does not know the states of a DCCP socket that is merely bound, or PARTOPEN.
 *
 * @param {{ protocol?: string, state?: string }} record
 */
function isAskedForBySs({ protocol, state }) {
  return protocol !== 'dccp' || (state !== 'CLOSE' && state !== 'PARTOPEN');
}

/** @type {import('../world.mjs').World} */
let world;

/** @param {string} kind */
async function record(kind) {
  const parts = [];
  for await (const part of /** @type {any} */ (DUMPS)[kind]().raw()) parts.push(part);
  return Buffer.concat(parts);
}

/**
 * The sockets of a kind that this kernel must tell of.
 *
 * @param {string} kind
 */
function madeOf(kind) {
  const all = world.ledger.sockets.filter((socket) => socket.kind === kind);
  return can('BOUND_INACTIVE') ? all : all.filter(({ label }) => !label.startsWith('bound-inactive'));
}

const HANDLED = Object.keys(DUMPS).filter((kind) => !(kind in KERNEL.lacks));

describe(`under ${KERNEL.name}`, () => {
  before(async () => {
    world = await theWorld();
  });

  test('the world lacks what this kernel does, and nothing else', () => {
    assert.deepEqual(world.ledger.absent, KERNEL.absent);
  });

  test('probe says what this kernel has no handler for, and of nothing else', async () => {
    const lacks = Object.entries(await probedKinds()).filter(([, supported]) => !supported);
    assert.deepEqual(lacks.map(([kind]) => kind).sort(), Object.keys(KERNEL.lacks).sort());
  });

  for (const kind of Object.keys(KERNEL.lacks)) {
    test(`${kind}: an error says that this kernel has no handler, and which`, async () => {
      await assertLack(kind, () => /** @type {any} */ (DUMPS)[kind]().toArray());
    });
  }

  for (const kind of HANDLED) {
    test(`${kind}: exactly the sockets that were made, as they were made`, async () => {
      const made = madeOf(kind);
      assert.notEqual(made.length, 0);
      const records = await /** @type {any} */ (DUMPS)[kind]().toArray();
      assert.deepEqual(disagreements(made, records), []);
      assertFields(kind, records);
      reportSockets(kind, made.length);
    });
  }

  // Of netlink there is one more each time: that which asks.
  for (const kind of HANDLED.filter((kind) => kind !== 'netlink')) {
    test(`${kind}: asked twice, there are no more and no less`, async () => {
      const identities = async (/** @type {object} */ options) =>
        (await /** @type {any} */ (DUMPS)[kind](options).toArray()).map(
          (/** @type {any} */ { cookie, peers, sport }) => ({ cookie, peers, sport }),
        );
      assert.deepEqual(await identities({ consistent: true }), await identities({}));
    });
  }

  test('BOUND_INACTIVE: exactly the kernels that are new enough tell of such sockets', async () => {
    const records = await dumpTcp({ states: ['BOUND_INACTIVE'] }).toArray();
    assert.equal(records.length > 0, can('BOUND_INACTIVE'));
    reportAbility('BOUND_INACTIVE');
  });

  test('owners by BPF: the kernel tells what /proc does', async () => {
    const { sockets: read } = await owners();
    const { sockets: told, bpf } = await owners({ bpf: true });
    assert.equal(bpf, can('owners by BPF'));
    assert.ok(read.size > 100, `${read.size} sockets`);
    assert.deepEqual(told, read);
    reportAbility('owners by BPF');
  });

  // That of another machine may be another version, which asks for more states, and prints fewer cookies.
  const compared = KERNEL.root === undefined ? Object.entries(SS_KINDS) : [];
  for (const [kind, option] of compared.filter(([kind]) => HANDLED.includes(kind))) {
    test(`${kind}: ss has the same sockets`, async () => {
      const text = execFileSync('ss', [...SS, option], {
        encoding: 'latin1',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const theirs = text.split('\n').flatMap((line) => / sk:([0-9a-f]+)/.exec(line)?.[1] ?? []);
      const records = await /** @type {any} */ (DUMPS)[kind]().toArray();
      const ours = records
        .filter(isAskedForBySs)
        .map((/** @type {{ cookie: string }} */ { cookie }) => cookie);
      assert.deepEqual([...new Set(ours)].sort(), [...new Set(theirs)].sort());
    });
  }

  test('recordings decode to the same, and are kept if asked for', async () => {
    const folder = process.env['SOCKDIAG_RECORD'];
    for (const kind of HANDLED) {
      const bytes = await record(kind);
      assert.deepEqual(
        disagreements(madeOf(kind), await decode(bytes, { show: ['md5sig'] }).toArray()),
        [],
        kind,
      );
      if (folder === undefined) continue;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${kind}.netlink`), bytes);
    }
    if (folder === undefined) return;
    const sockets = HANDLED.flatMap(madeOf).map((socket) => JSON.stringify(socket));
    writeFileSync(join(folder, 'sockets.json'), `[\n${sockets.join(',\n')}\n]\n`);
  });
});
