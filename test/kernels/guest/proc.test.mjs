/**
 * The tables of /proc/net beside netlink, for sockets of the kinds that only Debian's kernels can tell of in both ways; and
 * PF_KEY, of which there is the table alone. Runs inside a machine: npm run test:kernels.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import * as netlink from '../../../dist/index.js';
import * as proc from '../../../dist/proc/index.js';
import { theWorld } from '../world.mjs';
import { assertLack, KERNEL } from './kernel.mjs';

/** @typedef {Record<string, any>} Row */
/** @typedef {(options?: object) => { toArray(): Promise<Row[]> }} AnyDump */

/** @type {Record<string, [asked: AnyDump, read: AnyDump, word: string]>} */
const INET = {
  tcp: [netlink.dumpTcp, /** @type {AnyDump} */ (proc.dumpTcp), 'info'],
  udp: [netlink.dumpUdp, /** @type {AnyDump} */ (proc.dumpUdp), 'skmeminfo'],
  udplite: [netlink.dumpUdpLite, /** @type {AnyDump} */ (proc.dumpUdpLite), 'skmeminfo'],
  raw: [netlink.dumpRaw, /** @type {AnyDump} */ (proc.dumpRaw), 'skmeminfo'],
};

/** @type {Record<string, [asked: AnyDump, read: AnyDump]>} */
const OTHERS = {
  unix: [netlink.dumpUnix, /** @type {AnyDump} */ (proc.dumpUnix)],
  packet: [netlink.dumpPacket, /** @type {AnyDump} */ (proc.dumpPacket)],
};

/**
 * The text has no remote port of raw sockets.
 *
 * @param {Row} record
 */
const tupleOf = ({ family, protocol, src, sport, dst, dport, inode, state }) =>
  `${family} ${src}:${sport} ${dst}:${protocol === 'raw' ? '' : dport} ${inode} ${state}`;

/** What moves by itself, or is told in another measure; the tests on the development machine compare it. */
const MOVING = ['source', 'expires', 'info', 'timer', 'retrans'];

/**
 * Of the text, what the record of netlink has too must be the same.
 *
 * @param {Row} read
 * @param {Row} asked
 */
function assertSame(read, asked) {
  for (const [name, value] of Object.entries(read)) {
    if (MOVING.includes(name) || !(name in asked)) continue;
    // Netlink has 0 for a request socket, the text its listener's.
    if (name === 'uid' && asked['state'] === 'SYN_RECV') continue;
    // Who listens to all devices hears more and more.
    if (name === 'meminfo' && asked['info']?.flags?.running === true) continue;
    const known = value !== null && typeof value === 'object' && !ArrayBuffer.isView(value);
    const other = known ? partOf(asked[name], value) : asked[name];
    assert.deepEqual(value, other, `${name} of ${JSON.stringify(asked)}`);
  }
}

/**
 * @param {Row} whole
 * @param {Row} part
 * @returns {Row}
 */
function partOf(whole, part) {
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [
      name,
      value !== null && typeof value === 'object' ? partOf(whole[name], value) : whole[name],
    ]),
  );
}

/** @param {Row[]} records */
const sortedTuples = (records) => records.map(tupleOf).sort();

describe(`/proc/net under ${KERNEL.name}`, () => {
  before(theWorld);

  for (const [kind, [ask, read, word]] of Object.entries(INET)) {
    test(`${kind}: both tell the same of every socket`, async () => {
      if (kind in KERNEL.lacks) {
        await assertLack(kind, () => ask().toArray());
        return assert.rejects(read().toArray(), {
          code: 'ENOENT',
          message: /: there is no \/proc\/net\/\w+ /,
        });
      }
      const options = { show: [word] };
      const asked = await ask(options).toArray();
      const told = await read(options).toArray();
      assert.notEqual(told.length, 0);
      assert.deepEqual(sortedTuples(told), sortedTuples(asked));
      const byTuple = new Map(asked.map((record) => [tupleOf(record), record]));
      for (const record of told) assertSame(record, /** @type {Row} */ (byTuple.get(tupleOf(record))));
    });
  }

  for (const [kind, [ask, read]] of Object.entries(OTHERS)) {
    test(`${kind}: both tell the same of every socket`, async () => {
      const asked = await ask().toArray();
      const told = (await read().toArray()).filter(({ inode }) => inode !== 0);
      const inodes = (/** @type {Row[]} */ records) => records.map(({ inode }) => inode).sort();
      assert.deepEqual(inodes(told), inodes(asked));
      const byInode = new Map(asked.map((record) => [record['inode'], record]));
      for (const record of told) assertSame(record, /** @type {Row} */ (byInode.get(record['inode'])));
    });
  }

  test('PF_KEY: exactly the sockets that were made, with what is unread', async () => {
    // One asks for what is not there, and is told so.
    const program = `
      import json, os, socket, struct, sys
      socks = [socket.socket(15, socket.SOCK_RAW, 2) for _ in range(3)]
      os.fchown(socks[1].fileno(), 1234, -1)
      socks[2].send(struct.pack('BBBBHHII', 2, 5, 0, 2, 2, 0, 1, os.getpid()))
      print(json.dumps([{'inode': os.fstat(s.fileno()).st_ino, 'uid': os.fstat(s.fileno()).st_uid,
                         'unread': bool(s.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT)) if s is socks[2] else None}
                        for s in socks]), flush=True)
      sys.stdin.read()`;
    const child = spawn('python3', ['-c', program.replaceAll('\n      ', '\n').trim()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout, 'data');
    /** @type {{ inode: number, uid: number, unread: boolean | null }[]} */
    const made = JSON.parse(String(line));
    const told = await proc.dumpPfKey({ owners: true }).toArray();
    assert.equal(told.length, 3);
    for (const { inode, uid, unread } of made) {
      const record = told.find((each) => each.inode === inode);
      assert.ok(record, `inode ${inode}`);
      assert.deepEqual([record.family, record.table, record.uid, record.wmem], ['key', 'pfkey', uid, 0]);
      if (unread === true) assert.ok(/** @type {number} */ (record.rmem) > 0);
      assert.deepEqual(
        record.owners?.map(({ pid }) => pid),
        [child.pid],
      );
    }
    child.stdin.end();
    await once(child, 'close');
    assert.deepEqual(await proc.dumpPfKey().toArray(), []);
  });
});
