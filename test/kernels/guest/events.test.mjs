/** The ends of TCP and UDP sockets, as this kernel tells them. Runs inside a machine: npm run test:kernels. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import {
  destroyMatching,
  dumpTcp,
  lookupTcp,
  lookupUdp,
  probe,
  watchDestroyed,
} from '../../../dist/index.js';
import { can, KERNEL, reportAbility } from './kernel.mjs';

const SOCKETS = 40;
const GREETING = 'hello';
const HOSTS = ['127.0.0.1', '::1'];

/** @typedef {import('../../../dist/index.js').DestroyedEvent} Event */

/**
 * Opens connections over each of which the client says hello.
 *
 * @param {string} host
 */
async function makeConnections(host) {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  /** @type {import('node:net').Socket[]} */
  const ends = [];
  for (let n = 0; n < SOCKETS; ++n) {
    const client = connect(port, host);
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
    client.write(GREETING);
    await once(accepted, 'data');
    for (const end of [accepted, client]) {
      end.on('error', () => 'some are reset');
      end.resume();
      ends.push(end);
    }
  }
  server.close();
  return { ends, port };
}

/**
 * What is left of connections is destroyed at last, by the kernels that can do so.
 *
 * @param {number} port
 */
async function endTimeWaits(port) {
  const left = dumpTcp({ states: ['TIME_WAIT'], filter: `sport = :${port} or dport = :${port}` });
  const outcomes = await destroyMatching(left);
  assert.notEqual(outcomes.length, 0);
  const codes = new Set(outcomes.map(({ error }) => error?.code));
  const isPossible = can('destroy TIME_WAIT');
  assert.deepEqual(codes, new Set([isPossible ? undefined : 'EOPNOTSUPP']));
  assert.equal((await left.toArray()).length, isPossible ? 0 : outcomes.length);
  reportAbility('destroy TIME_WAIT');
}

/** @param {string | undefined} cookie */
function known(cookie) {
  assert.ok(cookie !== undefined);
  return cookie;
}

/**
 * Every fourth is reset by its own program: of those the kernel clears what it has counted.
 *
 * @param {import('node:net').Socket[]} ends
 */
async function endAll(ends) {
  for (const [index, end] of ends.entries()) {
    if (index % 4 === 0) end.resetAndDestroy();
    else end.end();
  }
  await Promise.all(ends.map((end) => end.closed || new Promise((resolve) => end.once('close', resolve))));
}

/**
 * Reads until all of these were told, and a while longer, lest one is told twice.
 *
 * @param {AsyncIterator<Event, unknown>} events
 * @param {string[]} cookies
 */
async function readEnds(events, cookies) {
  const missing = new Set(cookies);
  /** @type {import('../../../dist/index.js').DestroyedSocket[]} */
  const told = [];
  while (missing.size > 0) {
    const { value } = await events.next();
    assert.equal(value.type, 'destroyed');
    told.push(value.socket);
    missing.delete(value.socket.cookie);
  }
  const late = await Promise.race([events.next(), new Promise((resolve) => setTimeout(resolve, 500))]);
  assert.ok(late === undefined || !cookies.includes(late.value.socket.cookie), 'told twice');
  return told;
}

describe(`ends of sockets under ${KERNEL.name}`, () => {
  test('probe says that they are told', async () => {
    assert.deepEqual((await probe()).events, {
      tcp: { supported: true },
      udp: { supported: true },
    });
  });

  for (const host of HOSTS) {
    test(`${host}: both ends of each connection, once, with what it has counted`, async () => {
      const { ends, port } = await makeConnections(host);
      const cookies = [];
      for (const end of ends) cookies.push(known((await lookupTcp(end))?.cookie));
      const watcher = watchDestroyed({ protocols: ['tcp'], filter: `sport = :${port} or dport = :${port}` });
      await endAll(ends);
      const told = await readEnds(watcher, cookies);
      await watcher.return?.();
      await endTimeWaits(port);
      for (const socket of told) {
        assert.ok(socket.protocol === 'tcp');
        assert.equal(socket.state, 'CLOSE');
        const isReset = cookies.indexOf(socket.cookie) % 4 === 0;
        const greeting = isReset ? 0 : GREETING.length;
        const [sent, received] = socket.sport === port ? [0, greeting] : [greeting, 0];
        assert.equal(socket.info?.bytesSent, sent);
        // The end of the peer's stream counts as one more.
        assert.ok([received, received + 1].includes(Number(socket.info?.bytesReceived)));
      }
      const counts = cookies.map((cookie) => told.filter((socket) => socket.cookie === cookie).length);
      assert.deepEqual(new Set(counts), new Set([1]));
    });
  }

  test('a UDP socket', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const cookie = known((await lookupUdp(socket))?.cookie);
    const watcher = watchDestroyed({ protocols: ['udp'] });
    socket.close();
    const told = await readEnds(watcher, [cookie]);
    await watcher.return?.();
    assert.equal(told.find((each) => each.cookie === cookie)?.sport, port);
  });

  test('what a short queue does not hold is counted', async () => {
    const { ends, port } = await makeConnections('127.0.0.1');
    const watcher = watchDestroyed({
      protocols: ['tcp'],
      filter: `sport = :${port} or dport = :${port}`,
      queue: 10,
    });
    await endAll(ends);
    let [told, lost] = [0, 0];
    while (told + lost < ends.length) {
      const { value } = await watcher.next();
      if (value.type === 'lost') lost += value.count;
      else ++told;
    }
    await watcher.return?.();
    await endTimeWaits(port);
    assert.equal(told + lost, ends.length);
    assert.ok(lost > 0);
  });
});
