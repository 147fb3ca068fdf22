/**
 * Each socket of the protocols that the development machine's kernel lacks, looked up by itself; and raw sockets
 * destroyed. Runs inside a machine: npm run test:kernels.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  destroy,
  dumpRaw,
  lookupDccp,
  lookupMptcp,
  lookupRaw,
  lookupSctp,
  lookupTcp,
  lookupUdp,
  lookupUdpLite,
  probe,
} from '../../../dist/index.js';
import { DUMPS } from '../dumps.mjs';
import { theWorld } from '../world.mjs';
import { assertLack, KERNEL } from './kernel.mjs';

/** @type {Record<string, (record: any) => Promise<any>>} */
const LOOKUPS = {
  raw: lookupRaw,
  udp: lookupUdp,
  udplite: lookupUdpLite,
  dccp: lookupDccp,
  tcp: lookupTcp,
  sctp: lookupSctp,
  mptcp: lookupMptcp,
};

/**
 * Those that no lookup reaches: endpoints of SCTP, of whose associations those of IPv6 sockets with IPv4 addresses come
 * with rubbish for addresses; and listeners of Multipath TCP, which have no token.
 *
 * @param {any} record
 */
function isReachable({ protocol, peers, locals, src, info }) {
  if (protocol === 'mptcp') return info !== undefined && info.token !== 0;
  if (protocol !== 'sctp') return true;
  return peers !== undefined && locals?.[0]?.addr === src;
}

/** What is asked for where there is nobody to answer. */
const NOBODY = { src: '127.0.0.1', sport: 1, dst: '127.0.0.1', dport: 2, token: 1 };

describe(`single sockets under ${KERNEL.name}`, () => {
  before(theWorld);

  for (const [kind, lookup] of Object.entries(LOOKUPS)) {
    test(`${kind}: every socket is found by its record`, async () => {
      if (kind in KERNEL.lacks) return assertLack(kind, () => lookup(NOBODY));
      const dump = /** @type {any} */ (DUMPS)[kind];
      const records = (await dump().toArray()).filter(isReachable);
      assert.notEqual(records.length, 0);
      for (const record of records) {
        const found = await lookup(record);
        const name = `${record.state} ${record.src}:${record.sport} ${record.dst}:${record.dport}`;
        assert.equal(found?.cookie, record.cookie, name);
        assert.deepEqual(
          [found.src, found.sport, found.dst, found.dport],
          [record.src, record.sport, record.dst, record.dport],
        );
      }
    });
  }

  test('a raw socket is destroyed, and none that is like it', async () => {
    assert.deepEqual((await probe()).destroy.raw, { supported: true });
    const before = await dumpRaw().toArray();
    const connected = before.filter(({ state, dst }) => state === 'ESTABLISHED' && dst === '127.0.0.1');
    const outcomes = [];
    for (const record of connected) {
      const error = await destroy(record).then(
        () => undefined,
        (thrown) => thrown,
      );
      outcomes.push([record, error]);
    }
    const now = new Map((await dumpRaw().toArray()).map((record) => [record.cookie, record]));
    assert.ok(outcomes.some(([, error]) => error === undefined));
    for (const [record, error] of outcomes) {
      // Of several that are alike the kernel reaches the first: the others are told so, and stay as they are.
      if (error !== undefined) assert.match(error.message, /the kernel does not reach this one/);
      assert.equal(now.get(record.cookie)?.state, error === undefined ? undefined : 'ESTABLISHED');
    }
    for (const record of before.filter((each) => !connected.includes(each))) {
      assert.equal(now.get(record.cookie)?.state, record.state);
    }
  });
});
