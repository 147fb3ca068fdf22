/** What happens to sockets: told by the kernel, and found by comparing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';

import { destroy, dumpTcp, lookupTcp, probe, watch, watchDestroyed } from 'sockdiag';

import { check, notHere } from './checks.mjs';
import { assertNoMore, openSockets } from './runtime.mjs';
import { connection, GREETING, greet, portOf } from './sockets.mjs';

/** @param {import('./sockets.mjs').Connection} connection */
function close({ near, far, server }) {
  near.destroy();
  far.destroy();
  server.close();
}

export async function checkWatching() {
  await check('watchDestroyed() tells the end of a connection, with what it sent', async () => {
    const before = openSockets();
    const made = await connection({ host: '127.0.0.1', port: 0 });
    const port = portOf(made.server);
    const watcher = watchDestroyed({ protocols: ['tcp'], filter: `dport = :${port}` });
    await greet(made);
    close(made);
    const { value } = await watcher.next();
    assert.equal(value?.type, 'destroyed');
    assert.equal(value.socket.dport, port);
    assert.equal(value.socket.protocol, 'tcp');
    assert.equal(value.socket.info?.bytesSent, GREETING.length);
    watcher.close();
    assert.deepEqual(await watcher.next(), { done: true, value: undefined });
    await assertNoMore(before);
  });
  await check('watch() tells what is opened and closed', checkWatch);
  await check('destroy() ends a connection', checkDestroy);
}

async function checkWatch() {
  const made = await connection({ host: '127.0.0.1', port: 0 });
  const filter = `dport = :${portOf(made.server)}`;
  const { localPort } = made.near;
  const changes = watch(dumpTcp({ filter, states: ['ESTABLISHED'] }), { interval: 20, existing: true });
  /** @type {string[]} */
  const told = [];
  for await (const { type, socket } of changes) {
    told.push(`${type} ${socket.sport === localPort}`);
    if (type === 'opened') close(made);
    if (type === 'closed') break;
  }
  assert.deepEqual([told[0], told.at(-1)], ['opened true', 'closed true']);
}

async function checkDestroy() {
  const { destroy: can } = await probe();
  if (!can.tcp.supported || can.tcp.needs !== undefined)
    notHere(`it needs ${can.tcp.needs ?? 'another kernel'}`);
  const made = await connection({ host: '127.0.0.1', port: 0 });
  const record = await lookupTcp(made.near);
  assert.ok(record !== undefined && record.family !== 'unix');
  const ends = [made.near, made.far].map((socket) => once(socket, 'error'));
  await destroy(record);
  assert.equal((await lookupTcp(record))?.state, undefined);
  const errors = await Promise.all(ends);
  assert.deepEqual(errors.map(([{ code }]) => code).sort(), ['ECONNABORTED', 'ECONNRESET']);
  close(made);
}
