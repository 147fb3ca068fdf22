/**
 * Sockets of the families that the development machine's kernel lacks: what they are called, beside getsockname(2) and
 * getpeername(2); and dumps of them by name. Runs inside a machine: npm run test:kernels.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { dump } from '../../../dist/index.js';
import { formatAddress, peerName, socketName } from '../../../dist/name/index.js';
import { ALL_STATES, DUMPS } from '../dumps.mjs';
import { theWorld } from '../world.mjs';
import { assertLack, KERNEL } from './kernel.mjs';

/** @typedef {import('../../../dist/name/index.js').Address} Address */

/** @type {Record<string, string[]>} names that together are all of a kind */
const NAMES = {
  raw: ['inet/raw/0', 'inet6/raw/0'],
  udp: ['inet/dgram/udp', 'inet6/dgram/0'],
  udplite: ['inet/dgram/udplite', 'inet6/dgram/udplite'],
  mptcp: ['inet/stream/mptcp', 'inet6/stream/mptcp'],
  sctp: ['inet/stream/sctp', 'inet6/seqpacket/0'],
  dccp: ['inet/dccp/dccp', 'inet6/dccp/0'],
  vsock: ['vsock/stream/0', 'vsock/dgram/0', 'vsock/seqpacket/0'],
  xdp: ['xdp/raw/0'],
  smc: ['smc/stream/0', 'smc/stream/1'],
  tipc: ['tipc/stream/0', 'tipc/dgram/0', 'tipc/rdm/0', 'tipc/seqpacket/0'],
};

const AF_INET = 2;
const AF_INET6 = 10;

/**
 * The address that a system call gave.
 *
 * @param {string} structure in hexadecimal
 */
function textIn(structure) {
  const bytes = Buffer.from(structure, 'hex');
  const family = bytes.readUInt16LE(0);
  const data = new Uint8Array(bytes.subarray(2));
  /** @type {Address} */
  let address = { family, len: bytes.length, data };
  if (family === AF_INET) {
    address = { family: 'inet', address: [...bytes.subarray(4, 8)].join('.'), port: bytes.readUInt16BE(2) };
  } else if (family === AF_INET6) {
    const groups = bytes
      .subarray(8, 24)
      .toString('hex')
      .replaceAll(/(....)(?=.)/g, '$1:');
    const scopeId = bytes.readUInt32LE(24) || undefined;
    address = { family: 'inet6', address: groups, port: bytes.readUInt16BE(2), ...(scopeId && { scopeId }) };
  }
  return formatAddress(address);
}

/**
 * Where a record cannot tell what the system call does, or tells more: XDP sockets have no name, of which bind(2) is told
 * one all the same; SMC hides addresses; and SCTP sockets with several associations have no peer, but these do. Of an SCTP
 * socket of IPv6 the calls give addresses of IPv4 as such, and some kernels rubbish. Of a VSOCK socket that is about to
 * close, older kernels still tell the peer.
 *
 * @param {any} record
 * @param {string | undefined} found
 * @param {string | undefined} expected
 */
function mayDiffer({ family, protocol, mode, src, state }, found, expected) {
  if (family === 'xdp') return expected === undefined;
  if (family === 'vsock') return state === 'CLOSING' && found === undefined;
  if (mode !== undefined) return found === undefined && (src === '0.0.0.0' || src === '::');
  if (protocol !== 'sctp') return false;
  return expected === undefined || (family === 'inet6' && expected.startsWith('inet/'));
}

/** @param {string} kind */
const isHandled = (kind) => !(kind in KERNEL.lacks);

/** @param {Address | undefined} address */
const textOf = (address) => address && formatAddress(address);

/** @type {import('../world.mjs').World} */
let world;

describe(`names under ${KERNEL.name}`, () => {
  before(async () => {
    world = await theWorld();
  });

  for (const kind of ['tcp', ...Object.keys(NAMES)].filter(isHandled)) {
    test(`${kind}: names are what the system calls say`, async () => {
      const problems = [];
      let compared = 0;
      for (const record of await /** @type {any} */ (DUMPS)[kind]().toArray()) {
        const ends = world.ledger.ends.find(
          ({ inode, cookie }) => inode === record.inode && cookie === record.cookie,
        );
        if (ends === undefined) continue;
        compared++;
        for (const [call, found, told] of [
          ['getsockname', textOf(socketName(record)), ends.name],
          ['getpeername', textOf(peerName(record)), ends.peer],
        ]) {
          const expected = told ? textIn(told) : undefined;
          if (found !== expected && !mayDiffer(record, found, expected))
            problems.push(`${call}: ${found}, not ${expected}: ${JSON.stringify(record)}`);
        }
      }
      assert.notEqual(compared, 0);
      assert.deepEqual(problems, []);
    });
  }

  for (const [kind, names] of Object.entries(NAMES)) {
    test(`${kind}: dumps by name are its own dump`, async () => {
      if (!isHandled(kind)) {
        for (const name of names) await assertLack(kind, () => dump(name).toArray());
        return;
      }
      // The one whose own dump there asks for more states than the usual ones.
      const options = kind === 'dccp' ? { states: [...ALL_STATES, 'PARTOPEN'] } : {};
      // Of some, the record does not tell which of two names is theirs.
      const sorted = (/** @type {any[]} */ records) =>
        [...new Set(records.map(({ cookie }) => cookie))].sort();
      const named = await Promise.all(
        names.map((name) => dump(name, /** @type {any} */ (options)).toArray()),
      );
      const all = await /** @type {any} */ (DUMPS)[kind]().toArray();
      assert.notEqual(all.length, 0);
      assert.deepEqual(sorted(named.flat()), sorted(all));
    });
  }
});
