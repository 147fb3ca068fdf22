/** More sockets than one part of an answer holds. Runs inside a machine: npm run test:kernels. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { dumpTcp, dumpTipc } from '../../../dist/index.js';
import { KERNEL } from './kernel.mjs';

const COUNT = 1000;

const TIPC = `
import json, os, socket, sys
made = [socket.socket(socket.AF_TIPC, socket.SOCK_RDM) for _ in range(${COUNT})]
print(json.dumps([os.fstat(one.fileno()).st_ino for one in made]), flush=True)
sys.stdin.read()`;

/** Both ends of each connection, of both families; every tenth is closed, and its first end is in TIME_WAIT. */
const TCP = `
import json, os, socket, sys
made = []
for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    listener = socket.create_server((address, 0), family=family, backlog=64)
    for i in range(${COUNT}):
        client = socket.create_connection(listener.getsockname()[:2])
        ends = [client, listener.accept()[0]]
        if i % 10 == 0:
            for end in ends: end.close()
        else: made += ends
print(json.dumps([os.fstat(one.fileno()).st_ino for one in made]), flush=True)
sys.stdin.read()`;

/** So many take a limit that the machine may not have set. */
const LIMITED = ['-c', 'ulimit -n 8192; exec python3 -c "$1"', 'sh'];

/**
 * Has a program hold sockets while the tests of a suite run.
 *
 * @param {string} program prints the inode numbers of what it has made, and holds it
 */
function holding(program) {
  const held = { /** @type {number[]} */ inodes: [] };
  /** @type {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} */
  let child;
  before(async () => {
    child = spawn('sh', [...LIMITED, program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(child.stdout), 'line');
    held.inodes = JSON.parse(line);
  });
  after(async () => {
    child.stdin.end();
    await once(child, 'close');
  });
  return held;
}

describe(`many sockets under ${KERNEL.name}`, () => {
  describe('of TIPC', () => {
    const held = holding(TIPC);

    test('what is lost between two parts, `consistent` has, and nothing twice', async () => {
      const plain = await inodesOf(dumpTipc());
      const twice = await inodesOf(dumpTipc({ consistent: true }));
      assert.equal(held.inodes.length, COUNT);
      assert.notDeepEqual(
        held.inodes.filter((inode) => !plain.includes(inode)),
        [],
      );
      assert.deepEqual(
        held.inodes.filter((inode) => !twice.includes(inode)),
        [],
      );
      const own = twice.filter((inode) => inode !== 0);
      assert.equal(new Set(own).size, own.length);
    });
  });

  describe('of TCP', () => {
    const held = holding(TCP);

    test('read side by side, they are the same as one behind the other', async () => {
      const whole = await socketsOf(dumpTcp());
      const closed = whole.filter((line) => line.includes('TIME_WAIT'));
      assert.ok(closed.length >= COUNT / 5, `${closed.length} are in TIME_WAIT`);
      for (const parallel of [2, 3]) assert.deepEqual(await socketsOf(dumpTcp({ parallel })), whole);
      const inodes = new Set(await inodesOf(dumpTcp({ parallel: 2 })));
      assert.equal(held.inodes.length, 0.9 * 4 * COUNT);
      assert.deepEqual(
        held.inodes.filter((inode) => !inodes.has(inode)),
        [],
      );
    });
  });
});

/** @param {ReturnType<typeof dumpTipc> | ReturnType<typeof dumpTcp>} dump */
async function inodesOf(dump) {
  return (await dump.toArray()).map(({ inode }) => inode);
}

/**
 * What of them does not change, in an order of its own.
 *
 * @param {ReturnType<typeof dumpTcp>} dump
 */
async function socketsOf(dump) {
  const records = await dump.toArray();
  return records
    .map((one) => `${one.src} ${one.sport} ${one.dst} ${one.dport} ${one.state} ${one.cookie}`)
    .sort();
}
