/** How a watcher reads what its listener has heard, whatever that is: the listener is made up here. */
import { expect, test } from 'vitest';

import type { NativeEvents, NativeListener } from '../../lib/binding.js';
import { decodeDestroyed } from '../../lib/events/record.js';
import { Watcher, type WatcherOptions } from '../../lib/events/watcher.js';
import { hex } from '../messages.js';

/** A UDP socket 127.0.0.1:6001, as Linux 6.18 told its end. */
const EVENT: Buffer = hex(`
  60000000 14000000 00000000 00000000 02070000 17710000 7f000001 00000000 00000000 00000000 00000000 00000000
  00000000 00000000 00000000 7da20400 00000000 00000000 00000000 ffffffff 00000000 00000000 05000a00 11000000`);

/** So many of them, one behind the other, with their index. */
function events(records: number, more: Partial<NativeEvents> = {}): NativeEvents {
  const rows = Array.from({ length: records }, (_, i) => [96 * i + 16, 1, 96 * i + 88]).flat();
  const buffer = new ArrayBuffer(96 * records + 4 * rows.length);
  for (let i = 0; i < records; i++) new Uint8Array(buffer).set(EVENT, 96 * i);
  new Uint32Array(buffer, 96 * records).set(rows);
  return {
    records,
    finished: false,
    dropped: 0,
    ...(records > 0 && { buffer, index: 24 * records }),
    ...more,
  };
}

class Told implements NativeListener {
  closed = 0;
  readonly #batches: NativeEvents[];

  constructor(batches: NativeEvents[]) {
    this.#batches = batches;
  }

  open(): undefined {}

  async next(): Promise<NativeEvents> {
    return this.#batches.shift() ?? new Promise(() => undefined);
  }

  keepAlive(): void {}

  close(): void {
    this.closed++;
  }
}

function watcherOf(
  batches: NativeEvents[],
  options: Partial<WatcherOptions> = {},
): { watcher: Watcher; told: Told } {
  const told = new Told(batches);
  const errorOf = () => new Error('told');
  const watcher = new Watcher({
    listener: told,
    decode: decodeDestroyed,
    errorOf,
    signal: undefined,
    ...options,
  });
  return { watcher, told };
}

const failure = { kind: 'system', errno: 12, request: 0, syscall: 'recvmsg' } as const;

test("the kernel's own bytes are the record that they should be, without what they do not tell", async () => {
  const { watcher } = watcherOf([events(1)]);
  expect(await watcher.next()).toEqual({
    done: false,
    value: {
      type: 'destroyed',
      socket: {
        family: 'inet',
        protocol: 'udp',
        state: 'CLOSE',
        src: '127.0.0.1',
        sport: 6001,
        dst: '0.0.0.0',
        dport: 0,
        ifindex: 0,
        cookie: '4a27d',
      },
    },
  });
});

test('what was lost stands before what came behind it, each kind by itself', async () => {
  const { watcher } = watcherOf([
    events(1),
    events(1, { dropped: 7, overrun: 3 }),
    events(0, { dropped: 2 }),
    events(1, { overrun: 0 }),
  ]);
  const types: unknown[] = [];
  for (let i = 0; i < 7; i++) {
    const { value } = await watcher.next();
    types.push(value?.type === 'lost' ? value : value?.type);
  }
  expect(types).toEqual([
    'destroyed',
    { type: 'lost', reason: 'queue', count: 7 },
    { type: 'lost', reason: 'kernel', count: 3 },
    'destroyed',
    { type: 'lost', reason: 'queue', count: 2 },
    { type: 'lost', reason: 'kernel' },
    'destroyed',
  ]);
});

test('a failure comes behind what came before it, closes the watcher, and stays', async () => {
  const { watcher, told } = watcherOf([events(2, { failure, finished: true })]);
  const types: unknown[] = [];
  const loop = async () => {
    for await (const { type } of watcher) types.push(type);
  };
  await expect(loop()).rejects.toThrow('told');
  expect(types).toEqual(['destroyed', 'destroyed']);
  expect(told.closed).toBe(1);
  await expect(watcher.next()).rejects.toThrow('told');
  watcher.close();
  expect(told.closed).toBe(1);
});

test('a filter that cannot decide ends the watcher', async () => {
  let count = 0;
  const decode: WatcherOptions['decode'] = (memory, row) => {
    if (++count === 3) throw new Error('undecided');
    return decodeDestroyed(memory, row);
  };
  const { watcher, told } = watcherOf([events(5)], { decode });
  const calls = await Promise.allSettled([watcher.next(), watcher.next(), watcher.next(), watcher.next()]);
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect(told.closed).toBe(1);
});

test('batches of which the filter wants nothing are passed over, and others get their turn meanwhile', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  let left = 200 * 3;
  const decode: WatcherOptions['decode'] = (memory, row) =>
    --left > 0 ? undefined : decodeDestroyed(memory, row);
  const { watcher } = watcherOf(
    Array.from({ length: 200 }, () => events(3)),
    { decode },
  );
  expect((await watcher.next()).value).toMatchObject({ type: 'destroyed' });
  clearInterval(timer);
  expect(left).toBe(0);
  expect(turns).toBeGreaterThan(0);
});

test('a call that comes while another waits does not overtake it', async () => {
  const { watcher } = watcherOf([events(1), events(2), events(1)]);
  const order: number[] = [];
  const calls = [0, 1, 2, 3].map((i) => watcher.next().then(() => order.push(i)));
  await Promise.all(calls);
  expect(order).toEqual([0, 1, 2, 3]);
});
