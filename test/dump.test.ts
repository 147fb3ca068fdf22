/** A dump is a query; it can be read in four ways, left, aborted, and read again. */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { dumpTcp, dumpUdp, dumpUdpLite, dumpUnix, type InetDiagMsg, type UnixDiagMsg } from '../lib/index.js';
import { openSockets } from './descriptors.js';

/** Enough for more batches than are read ahead. */
const CLIENTS = 4500;

const directory: string = mkdtempSync(join(tmpdir(), 'sockdiag-dump-'));
const path: string = join(directory, 'server.sock');
let server: Server;
const held: Socket[] = [];

beforeAll(async () => {
  server = createServer((socket) => held.push(socket));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  for (let i = 0; i < CLIENTS; i++) {
    await new Promise<void>((resolve) => {
      held.push(connect(path, resolve));
    });
  }
  while (held.length < 2 * CLIENTS) await turn();
});

afterAll(() => {
  for (const socket of held) socket.destroy();
  server.close();
  rmSync(directory, { recursive: true });
});

const ours = (sockets: Iterable<UnixDiagMsg>): UnixDiagMsg[] =>
  [...sockets].filter((socket) => socket.name === path).sort((a, b) => a.inode - b.inode);

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('all four ways give the same sockets', async () => {
  const dump = dumpUnix();
  const each = ours(await collect(dump));
  const batches = await collect(dump.batches());
  expect(each).toHaveLength(CLIENTS + 1);
  expect(batches.length).toBeGreaterThan(2);
  for (const batch of batches) expect(batch.length).toBeGreaterThan(0);
  expect(ours(batches.flat())).toStrictEqual(each);
  expect(ours(await dump.toArray())).toStrictEqual(each);
  expect(ours(dump)).toStrictEqual(each);
});

test('a plain iterator is its own iterable, and disposing of it closes what it has open', () => {
  const before = openSockets();
  const sockets = dumpUnix()[Symbol.iterator]();
  expect(sockets[Symbol.iterator]()).toBe(sockets);
  sockets.next();
  expect(openSockets()).toHaveLength(before.length + 1);
  sockets[Symbol.dispose]();
  expect(openSockets()).toEqual(before);
  expect(sockets.next()).toEqual({ done: true, value: undefined });
});

test('nothing happens until a dump is read', async () => {
  const before = openSockets();
  const dump = dumpUnix();
  dump[Symbol.asyncIterator]();
  dump.batches();
  dump[Symbol.iterator]();
  await turn();
  expect(openSockets()).toEqual(before);
});

test('a dump that was read to its end has closed its socket', async () => {
  const before = openSockets();
  await collect(dumpUnix());
  expect(openSockets()).toEqual(before);
  await collect(dumpUnix().batches());
  expect(openSockets()).toEqual(before);
  expect([...dumpUnix()].length).toBeGreaterThan(CLIENTS);
  expect(openSockets()).toEqual(before);
});

test('leaving a loop closes the socket before the next line', async () => {
  const before = openSockets();
  for await (const socket of dumpUnix()) {
    expect(socket.family).toBe('unix');
    break;
  }
  expect(openSockets()).toEqual(before);
  for await (const batch of dumpUnix().batches()) {
    expect(batch.length).toBeGreaterThan(0);
    break;
  }
  expect(openSockets()).toEqual(before);
  for (const socket of dumpUnix()) {
    expect(socket.family).toBe('unix');
    break;
  }
  expect(openSockets()).toEqual(before);
});

test('leaving a loop closes the socket, also when reading ahead has ended and nobody has been told yet', async () => {
  const before = openSockets();
  for await (const batch of dumpUnix().batches()) {
    expect(batch.length).toBeGreaterThan(0);
    // The thread that reads ahead has time to read as far as it may; this one hears nothing of it.
    const end = performance.now() + 100;
    while (performance.now() < end);
    break;
  }
  expect(openSockets()).toEqual(before);
});

test('an error in the loop closes the socket, and comes out', async () => {
  const before = openSockets();
  const read = async () => {
    for await (const socket of dumpUnix()) throw new Error(`at ${socket.family}`);
  };
  await expect(read()).rejects.toThrow('at unix');
  expect(openSockets()).toEqual(before);
});

test('an iterator that is left is at its end, also for calls that wait', async () => {
  const iterator = dumpUnix()[Symbol.asyncIterator]();
  expect((await iterator.next()).done).toBe(false);
  expect(await iterator.return()).toEqual({ done: true, value: undefined });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  const other = dumpUnix().batches();
  const waiting = other.next();
  expect(await other.return()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
  const third = dumpUnix()[Symbol.asyncIterator]();
  await third[Symbol.asyncDispose]();
  expect(await third.next()).toEqual({ done: true, value: undefined });
});

test('a sync iterator that is left is at its end', () => {
  const iterator = dumpUnix()[Symbol.iterator]();
  expect(iterator.next().done).toBe(false);
  iterator.return?.();
  expect(iterator.next()).toEqual({ done: true, value: undefined });
  const exhausted = dumpUnix()[Symbol.iterator]();
  while (exhausted.next().done !== true);
  expect(exhausted.next().done).toBe(true);
});

test('calls of next that do not wait for each other are answered in order', async () => {
  const one = ours(await dumpUnix().toArray()).length;
  const iterator = dumpUnix()[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 3 * CLIENTS }, () => iterator.next()));
  const end = results.findIndex((result) => result.done);
  expect(results.slice(end).every((result) => result.done)).toBe(true);
  const sockets = results.slice(0, end).map((result) => result.value as UnixDiagMsg);
  expect(new Set(sockets.map((socket) => socket.cookie)).size).toBe(sockets.length);
  expect(ours(sockets)).toHaveLength(one);
});

test('a slow reader holds the kernel back, and misses nothing', async () => {
  const sockets: UnixDiagMsg[] = [];
  let batches = 0;
  for await (const batch of dumpUnix().batches()) {
    sockets.push(...batch);
    batches++;
    await sleep(5);
  }
  expect(batches).toBeGreaterThan(8);
  expect(ours(sockets)).toStrictEqual(ours(await dumpUnix().toArray()));
});

test('two readings of one dump do not disturb each other', async () => {
  const dump = dumpUnix();
  const [a, b] = await Promise.all([collect(dump), collect(dump.batches())]);
  expect(ours(a)).toStrictEqual(ours(b.flat()));
});

test('a signal that was aborted before is thrown at the first reading', async () => {
  const before = openSockets();
  const reason = new Error('too late');
  const dump = dumpUnix({ signal: AbortSignal.abort(reason) });
  await expect(dump.toArray()).rejects.toBe(reason);
  await expect(collect(dump)).rejects.toBe(reason);
  expect(() => [...dump]).toThrow(reason);
  expect(openSockets()).toEqual(before);
});

test('an abort in the loop ends it with the reason, and nothing more is given out', async () => {
  const before = openSockets();
  const controller = new AbortController();
  let seen = 0;
  const read = async () => {
    for await (const socket of dumpUnix({ signal: controller.signal })) {
      seen += socket.family === 'unix' ? 1 : 0;
      if (seen === 10) controller.abort();
    }
  };
  await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen).toBe(10);
  expect(openSockets()).toEqual(before);
});

test('an abort counts as long as there are sockets to give out, though all of them have been read', async () => {
  const before = openSockets();
  for (const read of [
    async (signal: AbortSignal, abort: () => void) => {
      for await (const _ of dumpUnix({ signal, states: ['ESTABLISHED'] })) abort();
    },
    async (signal: AbortSignal, abort: () => void) => {
      for (const _ of dumpUnix({ signal, states: ['ESTABLISHED'] })) abort();
    },
    async (signal: AbortSignal, abort: () => void) => {
      for await (const _ of dumpUnix({ signal, states: ['LISTEN'] }).batches()) abort();
    },
  ]) {
    const controller = new AbortController();
    let calls = 0;
    const abort = () => {
      calls++;
      controller.abort(new Error('enough'));
    };
    await expect(read(controller.signal, abort)).rejects.toThrow('enough');
    expect(calls).toBe(1);
  }
  const controller = new AbortController();
  const small = dumpUnix({ states: ['LISTEN'], signal: controller.signal })[Symbol.asyncIterator]();
  expect((await small.next()).done).toBe(false);
  controller.abort(new Error('enough'));
  await expect(small.next()).rejects.toThrow('enough');
  expect(await small.next()).toEqual({ done: true, value: undefined });
  expect(openSockets()).toEqual(before);
});

test('an abort reaches a call that waits', async () => {
  const before = openSockets();
  const controller = new AbortController();
  const reading = dumpUnix({ signal: controller.signal }).toArray();
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  expect(openSockets()).toEqual(before);
});

test('a timeout is a signal like any other', async () => {
  const signal = AbortSignal.timeout(1);
  const read = async () => {
    for (;;) await dumpUnix({ signal }).toArray();
  };
  await expect(read()).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('a signal serves many dumps, and keeps none of their listeners', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...words: Parameters<typeof add>) => {
    listeners++;
    add(...words);
  };
  signal.removeEventListener = (...words: Parameters<typeof remove>) => {
    listeners--;
    remove(...words);
  };
  await Promise.all(Array.from({ length: 30 }, () => dumpUnix({ signal }).toArray()));
  for await (const _ of dumpUnix({ signal })) break;
  expect(listeners).toBe(0);
  await turn();
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

test('the event loop gets its turn while a dump is read', async () => {
  let turns = 0;
  const count = () => {
    turns++;
    handle = setImmediate(count);
  };
  let handle = setImmediate(count);
  const batches = await collect(dumpUnix().batches());
  clearImmediate(handle);
  expect(turns).toBeGreaterThanOrEqual(batches.length - 1);
});

test('states and family choose', async () => {
  const listening = await dumpUnix({ states: ['LISTEN'] }).toArray();
  expect(ours(listening)).toHaveLength(1);
  expect(listening.every((socket) => socket.state === 'LISTEN')).toBe(true);
  const tcp = createServer().listen(0, '127.0.0.1');
  const tcp6 = createServer().listen(0, '::1');
  await Promise.all([tcp, tcp6].map((one) => new Promise((resolve) => one.once('listening', resolve))));
  const ports = [tcp, tcp6].map((one) => (one.address() as { port: number }).port);
  const portsOf = (sockets: InetDiagMsg[]) =>
    sockets.map((socket) => socket.sport).filter((port) => ports.includes(port));
  expect(portsOf(await dumpTcp({ family: 'inet' }).toArray())).toEqual([ports[0]]);
  expect(portsOf(await dumpTcp({ family: 'inet6' }).toArray())).toEqual([ports[1]]);
  const sorted = ports.toSorted();
  expect(portsOf(await dumpTcp().toArray()).sort()).toEqual(sorted);
  expect(portsOf(await dumpTcp({ states: ['LISTEN'] }).toArray()).sort()).toEqual(sorted);
  expect(portsOf(await dumpTcp({ states: ['ESTABLISHED', 'TIME_WAIT'] }).toArray())).toEqual([]);
  tcp.close();
  tcp6.close();
});

test('show chooses what is asked for', async () => {
  const [bare] = await dumpUnix({ states: ['LISTEN'], show: ['uid'] }).toArray();
  expect(Object.keys(bare as UnixDiagMsg).sort()).toEqual([
    'cookie',
    'family',
    'inode',
    'shutdown',
    'state',
    'type',
    'uid',
  ]);
});

test('UDP and UDP-Lite dumps stamp their protocol', async () => {
  for (const socket of await dumpUdp().toArray()) expect(socket.protocol).toBe('udp');
  for (const socket of await dumpUdpLite().toArray()) expect(socket.protocol).toBe('udplite');
});
