/** What there is under an emulator, which passes no netlink of this kind on to the kernel. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';

import { dumpTcp, lookupTcp, owners, probe, SockDiagError, watchDestroyed } from 'sockdiag';

import { check } from './checks.mjs';
import { openSockets } from './runtime.mjs';
import { portOf } from './sockets.mjs';

/** @param {unknown} error */
function isUnsupported(error) {
  assert.ok(error instanceof SockDiagError, `${error}`);
  assert.equal(error.unsupported, 'sock_diag');
  return true;
}

export async function checkEmulated() {
  await check("a dump is a SockDiagError, with unsupported: 'sock_diag'", async () => {
    const before = openSockets();
    await assert.rejects(dumpTcp().toArray(), isUnsupported);
    assert.throws(() => [...dumpTcp()], isUnsupported);
    assert.equal(openSockets(), before);
  });
  await check('so is a lookup', async () => {
    const tuple = { src: '127.0.0.1', sport: 1, dst: '127.0.0.1', dport: 2 };
    await assert.rejects(lookupTcp(tuple), isUnsupported);
  });
  await check('so is watchDestroyed()', () => {
    assert.throws(() => watchDestroyed(), isUnsupported);
  });
  await check('probe() says that nothing is supported', async () => {
    const { families } = await probe();
    assert.ok(Object.values(families).every(({ supported }) => !supported));
  });
  await check("fallback: 'proc' reads /proc/net instead, and owners() all the same", async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const filter = `sport = :${portOf(server)}`;
    const [socket] = await dumpTcp({ fallback: 'proc', filter }).toArray();
    assert.deepEqual([socket?.source, socket?.state], ['proc', 'LISTEN']);
    const { sockets } = await owners({ pids: [process.pid] });
    assert.deepEqual(
      sockets.get(socket?.inode ?? 0)?.map(({ pid }) => pid),
      [process.pid],
    );
    server.close();
  });
}
