/** Dumps: all ways to read them, what they are asked for, and what is left of them. */
import assert from 'node:assert/strict';
import process from 'node:process';

import { decode, dump, dumpTcp, dumpUdp, dumpUnix } from 'sockdiag';

import { check, notHere } from './checks.mjs';
import { descriptorOf, openSockets } from './runtime.mjs';
import { GREETING, portOf } from './sockets.mjs';

/** @typedef {import('./sockets.mjs').Sockets} Sockets */

/**
 * Each is there, and once.
 *
 * @param {readonly object[]} records
 * @param {readonly Record<string, unknown>[]} expected
 */
export function assertAmong(records, expected) {
  const all = /** @type {readonly Record<string, unknown>[]} */ (records);
  for (const socket of expected) {
    const names = Object.keys(socket);
    const ports = all.filter(({ sport, dport }) => sport === socket.sport && dport === socket.dport);
    const found = ports.filter((record) => names.every((name) => record[name] === socket[name]));
    assert.equal(found.length, 1, `${JSON.stringify(socket)} among ${JSON.stringify(ports)}`);
  }
}

/** @type {Record<string, () => Promise<object[]>>} */
const WAYS = {
  'for await': async () => {
    const all = [];
    for await (const socket of dumpTcp()) all.push(socket);
    return all;
  },
  for: async () => [...dumpTcp()],
  'batches()': async () => {
    const all = [];
    for await (const batch of dumpTcp().batches()) all.push(...batch);
    return all;
  },
  'toArray()': () => dumpTcp().toArray(),
  "dump('inet/stream/tcp')": () => dump('inet/stream/tcp').toArray(),
  'raw(), and decode()': async () => {
    const parts = [];
    for await (const part of dumpTcp().raw()) parts.push(part);
    return decode(Buffer.concat(parts)).toArray();
  },
};

/** @param {Sockets} sockets */
export async function checkDumps(sockets) {
  for (const [way, read] of Object.entries(WAYS)) {
    const expected = sockets.expected.filter(({ family }) => !way.includes('inet') || family === 'inet');
    await check(`TCP sockets, by ${way}`, async () => assertAmong(await read(), expected));
  }
  await check('UDP sockets, of IPv4 and IPv6', async () => {
    const all = await dumpUdp().toArray();
    const { udp, udp6 } = sockets;
    assertAmong(all, [
      { family: 'inet', protocol: 'udp', src: '127.0.0.1', sport: udp.address().port, dport: 0 },
      { family: 'inet6', protocol: 'udp', src: '::1', sport: udp6.address().port, dport: 0 },
    ]);
  });
  await check('unix sockets, with their paths and peers', () => checkUnix(sockets));
  await checkWhatIsAsked(sockets);
  await checkLeaving();
}

/** @param {Sockets} sockets */
async function checkUnix({ unix: { server } }) {
  const path = server.address();
  const all = await dumpUnix().toArray();
  const named = all.filter(({ name }) => name === path);
  assert.deepEqual(named.map(({ state, type }) => `${type} ${state}`).sort(), [
    'stream ESTABLISHED',
    'stream LISTEN',
  ]);
  const accepted = named.find(({ state }) => state === 'ESTABLISHED');
  const near = all.find(({ inode }) => inode === accepted?.peer);
  assert.equal(near?.peer, accepted?.inode);
}

/** @param {Sockets} sockets */
async function checkWhatIsAsked({ inet, half, directory }) {
  const [port, local] = [portOf(inet.server), inet.near.localPort];
  await check('a filter that the kernel decides', async () => {
    const found = await dumpTcp({ filter: `sport = :${port} and src 127.0.0.0/8` }).toArray();
    assert.deepEqual(found.map(({ state }) => state).sort(), ['ESTABLISHED', 'LISTEN']);
  });
  await check('a filter of unix sockets', async () => {
    const found = await dumpUnix({ filter: `src unix:${directory}/ma*`, states: ['LISTEN'] }).toArray();
    assert.equal(found.length, 1);
  });
  await check('states and family', async () => {
    const found = await dumpTcp({ states: ['CLOSE_WAIT'], family: 'inet' }).toArray();
    assert.ok(found.every(({ state, family }) => state === 'CLOSE_WAIT' && family === 'inet'));
    assert.equal(found.filter(({ sport }) => sport === half.near.localPort).length, 1);
  });
  await check('info has the bytes that were sent', async () => {
    const [near] = await dumpTcp({ show: ['info', 'cong'], filter: `sport = :${local}` }).toArray();
    assert.equal(near?.info?.bytesAcked, GREETING.length + 1);
    const [far] = await dumpTcp({ show: ['info'], filter: `dport = :${local}` }).toArray();
    assert.equal(far?.info?.bytesReceived, GREETING.length);
    assert.match(near?.cong ?? '', /^\w+$/);
  });
  await check('owners has this process, and its descriptor where the runtime tells it', async () => {
    const [near] = await dumpTcp({ owners: true, filter: `sport = :${local}` }).toArray();
    const own = near?.owners?.filter(({ pid }) => pid === process.pid);
    assert.equal(own?.length, 1);
    const descriptor = descriptorOf(inet.near);
    if (descriptor !== undefined) assert.equal(own?.[0]?.fd, descriptor);
  });
  await check("the own network namespace by this process's id", async () => {
    const [near] = await dumpTcp({ netns: process.pid, filter: `sport = :${local}` }).toArray();
    assert.equal(near?.dport, port);
  });
}

async function checkLeaving() {
  await check('a loop that is left has closed its socket before the next line', async () => {
    const before = openSockets();
    for await (const socket of dumpUnix()) if (socket.inode > 0) break;
    assert.equal(openSockets(), before);
    for (const socket of dumpUnix()) if (socket.inode > 0) break;
    assert.equal(openSockets(), before);
    for await (const batch of dumpUnix().batches()) if (batch.length > 0) break;
    assert.equal(openSockets(), before);
  });
  await check('an error in a loop is passed on, and nothing is left open', async () => {
    const before = openSockets();
    const failing = async () => {
      for await (const socket of dumpUnix()) throw new RangeError(`${socket.family}`);
    };
    await assert.rejects(failing, RangeError);
    assert.equal(openSockets(), before);
  });
  await check('an abort in the midst ends the loop with its reason, and nothing is left open', async () => {
    const before = openSockets();
    const abort = new AbortController();
    const reason = new Error('enough');
    const aborted = async () => {
      for await (const socket of dumpUnix({ signal: abort.signal }))
        if (socket.inode > 0) abort.abort(reason);
    };
    await assert.rejects(aborted, (error) => error === reason);
    assert.equal(openSockets(), before);
  });
  await check('a hundred dumps at once, half of them aborted, leave nothing open', async () => {
    const before = openSockets();
    const read = Array.from({ length: 100 }, (_, index) => {
      const signal = index % 2 === 0 ? AbortSignal.timeout(index >> 3) : undefined;
      return dumpUnix({ signal }).toArray();
    });
    const ended = await Promise.allSettled(read);
    assert.ok(ended.every(({ status }, index) => index % 2 === 0 || status === 'fulfilled'));
    assert.equal(openSockets(), before);
  });
  await check('await using', async () => {
    if (Symbol.asyncDispose === undefined) notHere('there is no Symbol.asyncDispose');
    const before = openSockets();
    const iterator = dumpUnix()[Symbol.asyncIterator]();
    await iterator.next();
    await iterator[Symbol.asyncDispose]();
    assert.equal(openSockets(), before);
  });
}
