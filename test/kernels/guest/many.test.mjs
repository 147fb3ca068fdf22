/** More sockets than one part of an answer holds. Runs inside a machine: npm run test:kernels. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { dumpTipc } from '../../../dist/index.js';
import { KERNEL } from './kernel.mjs';

const COUNT = 1000;

const PROGRAM = `
import json, os, socket, sys
made = [socket.socket(socket.AF_TIPC, socket.SOCK_RDM) for _ in range(${COUNT})]
print(json.dumps([os.fstat(one.fileno()).st_ino for one in made]), flush=True)
sys.stdin.read()`;

/** A thousand of them take a limit that the machine may not have set. */
const LIMITED = ['-c', 'ulimit -n 4096; exec python3 -c "$1"', 'sh', PROGRAM];

describe(`many sockets under ${KERNEL.name}`, () => {
  /** @type {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} */
  let child;
  /** @type {number[]} */
  let made;
  before(async () => {
    child = spawn('sh', LIMITED, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(child.stdout), 'line');
    made = JSON.parse(line);
  });
  after(async () => {
    child.stdin.end();
    await once(child, 'close');
  });

  test('TIPC: what is lost between two parts, `consistent` has, and nothing twice', async () => {
    const plain = await inodesOf(dumpTipc());
    const twice = await inodesOf(dumpTipc({ consistent: true }));
    assert.equal(made.length, COUNT);
    assert.notDeepEqual(
      made.filter((inode) => !plain.includes(inode)),
      [],
    );
    assert.deepEqual(
      made.filter((inode) => !twice.includes(inode)),
      [],
    );
    const own = twice.filter((inode) => inode !== 0);
    assert.equal(new Set(own).size, own.length);
  });
});

/** @param {ReturnType<typeof dumpTipc>} dump */
async function inodesOf(dump) {
  return (await dump.toArray()).map(({ inode }) => inode);
}
