/**
 * Sockets of all families that Debian's kernels have, each as it was made: none missing, none too many. Runs inside a
 * machine: npm run test:kernels.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { decode } from '../../../dist/index.js';
import { disagreements } from '../agreement.mjs';
import { DUMPS } from '../dumps.mjs';
import { startWorld } from '../world.mjs';

/** What a kernel must have, so that a module that does not load is no silent gap. */
const WHOLE = /^6\.12\./;

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

/** @type {Awaited<ReturnType<typeof startWorld>>} */
let world;

/** @param {string} kind */
async function record(kind) {
  const parts = [];
  for await (const part of /** @type {any} */ (DUMPS)[kind]().raw()) parts.push(part);
  return Buffer.concat(parts);
}

describe(`under ${release()}`, () => {
  before(async () => {
    world = await startWorld();
  });
  after(() => world?.end());

  test('nothing is absent that this kernel has', () => {
    if (WHOLE.test(release())) assert.deepEqual(world.ledger.absent, []);
  });

  for (const [kind, dump] of Object.entries(DUMPS)) {
    test(`${kind}: exactly the sockets that were made, as they were made`, async (context) => {
      if (world.ledger.absent.includes(kind)) return context.skip('this kernel does not have it');
      const made = world.ledger.sockets.filter((socket) => socket.kind === kind);
      assert.notEqual(made.length, 0);
      assert.deepEqual(disagreements(made, await dump().toArray()), []);
    });
  }

  for (const [kind, option] of Object.entries(SS_KINDS)) {
    test(`${kind}: ss has the same sockets`, async (context) => {
      if (world.ledger.absent.includes(kind)) return context.skip('this kernel does not have it');
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
    for (const kind of Object.keys(DUMPS)) {
      if (world.ledger.absent.includes(kind)) continue;
      const bytes = await record(kind);
      const made = world.ledger.sockets.filter((socket) => socket.kind === kind);
      assert.deepEqual(disagreements(made, await decode(bytes, { show: ['md5sig'] }).toArray()), [], kind);
      if (folder === undefined) continue;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${kind}.netlink`), bytes);
    }
    if (folder === undefined) return;
    const { sockets } = world.ledger;
    writeFileSync(
      join(folder, 'sockets.json'),
      `[\n${sockets.map((socket) => JSON.stringify(socket)).join(',\n')}\n]\n`,
    );
  });
});
