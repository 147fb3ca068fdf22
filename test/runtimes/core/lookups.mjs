/** One socket: by its addresses, by a record, and as an object of the runtime's. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';

import { lookupTcp, lookupTcpSync, lookupUdp, lookupUnix } from 'sockdiag';

import { check, notHere } from './checks.mjs';
import { descriptorOf } from './runtime.mjs';
import { portOf } from './sockets.mjs';

/** @param {import('./sockets.mjs').Sockets} sockets */
export async function checkLookups(sockets) {
  const { inet, inet6, udp } = sockets;
  const tuple = tupleOf(inet.near);
  await check('a lookup by addresses and ports', async () => {
    const found = await lookupTcp(tuple, { show: ['info'] });
    assert.equal(found?.state, 'ESTABLISHED');
    assert.equal(found.sport, tuple.sport);
    assert.ok(found.info !== undefined);
    assert.equal(lookupTcpSync(tuple)?.cookie, found.cookie);
  });
  await check('a lookup by a record, and of what is not there', async () => {
    const found = await lookupTcp(tuple);
    assert.ok(found);
    assert.equal((await lookupTcp(found))?.cookie, found.cookie);
    assert.equal(await lookupTcp({ ...tuple, sport: 1 }), undefined);
  });
  await check('a lookup of a live connection and of its server', async () => {
    for (const { near, far, server } of [inet, inet6]) {
      assert.equal((await lookupTcp(near))?.sport, near.localPort);
      assert.equal((await lookupTcp(far))?.dport, near.localPort);
      const listener = await lookupTcp(server);
      assert.deepEqual([listener?.state, listener?.sport], ['LISTEN', portOf(server)]);
    }
  });
  await check('a lookup of a live UDP socket', async () => {
    assert.equal((await lookupUdp(udp))?.sport, udp.address().port);
  });
  await checkByDescriptor(sockets);
}

/** @param {import('node:net').Socket} socket */
function tupleOf({ localAddress, localPort, remoteAddress, remotePort }) {
  return /** @type {import('sockdiag').InetTuple} */ ({
    src: localAddress,
    sport: localPort,
    dst: remoteAddress,
    dport: remotePort,
  });
}

/**
 * What only the descriptor tells.
 *
 * @param {import('./sockets.mjs').Sockets} sockets
 */
async function checkByDescriptor({ inet, unix }) {
  await check('a live connection is known by its descriptor', async () => {
    const inode = inodeOf(inet.near);
    if (inode === undefined)
      notHere('a net.Socket of TCP tells no descriptor, so that it is known by its addresses alone');
    assert.equal((await lookupTcp(inet.near))?.inode, inode);
  });
  await check('a live unix connection', async () => {
    const inode = inodeOf(unix.near);
    if (inode !== undefined) {
      assert.equal((await lookupUnix(unix.near))?.inode, inode);
      assert.equal((await lookupTcp(unix.near))?.family, 'unix');
      return;
    }
    await assert.rejects(lookupUnix(unix.near));
    notHere('a net.Socket tells no descriptor, and a unix socket has nothing else to be known by');
  });
}

/** @param {import('node:net').Socket} socket */
function inodeOf(socket) {
  const descriptor = descriptorOf(socket);
  return descriptor === undefined ? undefined : statSync(`/proc/self/fd/${descriptor}`).ino;
}
