/** One reading for all who ask at the same time, as long as it may take, and nothing left of it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { type Batches, type DiagMsg, dumpTcp, dumpUdp, dumpUnix, SockDiagError } from '../../lib/index.js';
import { type Collector, type CollectorOptions, collector, type Dumps } from '../../lib/metrics/index.js';
import { openFiles, openSockets } from '../descriptors.js';
import { isSanitized, lackOf, lackOfWorld, WITHOUT_SOCK_DIAG } from '../tools.js';
import { Stage } from '../world/stage.js';
import { batchesOf, tcp } from './sockets.js';

/** How a reading goes on. */
type Script = () => AsyncIterable<DiagMsg[]>;

/** Readings of a script; they are counted. */
class Counted implements Batches<DiagMsg> {
  readonly #script: Script;
  opened = 0;
  open = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  async *batches(): AsyncGenerator<DiagMsg[], void> {
    this.opened++;
    this.open++;
    try {
      yield* this.#script();
    } finally {
      this.open--;
    }
  }
}

const NEVER = new Promise<never>(() => undefined);

/** One record, and a turn of the event loop before. */
const short = () =>
  new Counted(async function* () {
    await new Promise((resolve) => setImmediate(resolve));
    yield [tcp()];
  });

/** One record, and then no end. */
const hanging = () =>
  new Counted(async function* () {
    yield [tcp()];
    await NEVER;
  });

/** Records without an end, each after a while. */
const slow = () =>
  new Counted(async function* () {
    for (;;) {
      yield [tcp()];
      await sleep(1);
    }
  });

const failing = (error: unknown) =>
  new Counted(async function* () {
    yield [tcp()];
    throw error;
  });

/** What is no array, in its place. */
async function* batchesInstead(batch: unknown): AsyncGenerator<unknown, void> {
  yield batch;
}

const countOf = async (all: Collector): Promise<number> =>
  (await all.collect()).summary.sockets.reduce((sum, { count }) => sum + count, 0);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('those who ask', () => {
  test('while one is made share it, and the next one makes another', async () => {
    const dump = short();
    const all = collector({ dumps: { tcp: dump } });
    const calls = [all.collect(), all.collect()];
    await Promise.resolve();
    calls.push(all.collect());
    const [first, ...others] = await Promise.all(calls);
    expect(others.every((other) => other === first)).toBe(true);
    expect(dump.opened).toBe(1);
    const next = await all.collect();
    expect(next).not.toBe(first);
    expect([dump.opened, dump.open]).toEqual([2, 0]);
  });

  test('within the interval have the last one, and later another', async () => {
    let seconds = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => seconds * 1000);
    const dump = short();
    const all = collector({ dumps: { tcp: dump }, interval: 5000 });
    const first = await all.collect();
    seconds += 4.9;
    expect(await all.collect()).toBe(first);
    seconds += 0.2;
    const second = await all.collect();
    expect(second).not.toBe(first);
    expect(dump.opened).toBe(2);
  });

  test('after one that failed have a new one, within the interval as well', async () => {
    let calls = 0;
    const dumps = (): Dumps => {
      if (calls++ === 0) throw new Error('not yet');
      return { tcp: short() };
    };
    const all = collector({ dumps, interval: 1e9 });
    const failed = [all.collect(), all.collect()];
    for (const one of failed) await expect(one).rejects.toThrow('not yet');
    expect(await countOf(all)).toBe(1);
    expect(await countOf(all)).toBe(1);
    expect(calls).toBe(2);
  });
});

test('a collection says how it was made', async () => {
  const { startedAt, seconds, dumps, summary, ...rest } = await collector({
    dumps: { a: short(), b: batchesOf(tcp(), tcp({ state: 'LISTEN' })) },
  }).collect();
  const timed = { seconds: expect.any(Number), cut: false };
  expect(dumps).toEqual([
    { dump: 'a', sockets: 1, ...timed },
    { dump: 'b', sockets: 2, ...timed },
  ]);
  expect([typeof startedAt, typeof seconds]).toEqual(['number', 'number']);
  expect(summary.sockets.map(({ state, count }) => [state, count])).toEqual([
    ['ESTABLISHED', 2],
    ['LISTEN', 1],
  ]);
  expect(rest).toEqual({});
});

describe('when the time is up', () => {
  test.each([
    ['hangs', hanging],
    ['takes too long', slow],
  ])('a dump that %s is cut, and so is what comes behind it', async (_, make) => {
    const [dump, late] = [make(), short()];
    const all = collector({
      dumps: { first: batchesOf(tcp({ state: 'LISTEN' })), dump, late },
      timeout: 20,
    });
    const { dumps, summary } = await all.collect();
    expect(dumps.map(({ dump: name, cut, error }) => [name, cut, error])).toEqual([
      ['first', false, undefined],
      ['dump', true, undefined],
      ['late', true, undefined],
    ]);
    expect(dumps[1]?.sockets).toBeGreaterThan(0);
    expect(summary.sockets).toMatchObject([{ state: 'LISTEN', count: 1 }]);
    // It was not begun.
    expect([dumps[2]?.sockets, late.opened]).toEqual([0, 0]);
    // The next collection has its own time.
    expect((await all.collect()).dumps.map(({ cut }) => cut)).toEqual([false, true, true]);
  });

  test('a dump that can be left is left', async () => {
    const dump = slow();
    await collector({ dumps: { dump }, timeout: 20 }).collect();
    // Where it waits, it is left when that is over.
    for (let i = 0; i < 1000 && dump.open > 0; i++) await sleep(1);
    expect(dump.open).toBe(0);
  });

  test('what rejects afterwards is nobody to hear of', async () => {
    const dump = new Counted(async function* () {
      yield [tcp()];
      await sleep(60);
      throw new Error('too late');
    });
    const rejected: unknown[] = [];
    const note = (reason: unknown): number => rejected.push(reason);
    process.on('unhandledRejection', note);
    try {
      expect((await collector({ dumps: { dump }, timeout: 20 }).collect()).dumps[0]?.cut).toBe(true);
      for (let i = 0; i < 1000 && dump.open > 0; i++) await sleep(1);
      await sleep(1);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(rejected).toEqual([]);
  });

  test('a function of dumps that does not answer is told', async () => {
    const all = collector({ dumps: () => NEVER, timeout: 20 });
    await expect(all.collect()).rejects.toThrow('options.dumps took more than the 20 ms of options.timeout');
    await expect(all.collect()).rejects.toThrow(/options\.dumps took more/);
  });
});

describe('what cannot be read', () => {
  test('is told of its dump, and the others are there', async () => {
    const error = new Error('broken');
    const all = collector({
      dumps: { first: short(), broken: failing(error), odd: failing('only a text'), last: short() },
    });
    const { dumps, summary } = await all.collect();
    expect(dumps).toMatchObject([
      { dump: 'first', cut: false, sockets: 1 },
      { dump: 'broken', cut: false, error },
      { dump: 'odd', cut: false, error: { message: 'only a text' } },
      { dump: 'last', cut: false, sockets: 1 },
    ]);
    expect(dumps.map((one) => 'error' in one)).toEqual([false, true, true, false]);
    expect(dumps[2]?.error).toBeInstanceOf(Error);
    expect(summary.sockets).toMatchObject([{ count: 2 }]);
  });

  test.each([
    ['no iterator', { batches: () => 5 }],
    ['no arrays', { batches: () => batchesInstead(5) }],
    [
      'throws at once',
      {
        batches: () => {
          throw new Error('at once');
        },
      },
    ],
  ])('a dump that gives nonsense is told: %s', async (_, dump) => {
    const nonsense = dump as unknown as Batches<DiagMsg>;
    const { dumps, summary } = await collector({ dumps: { nonsense, tcp: short() } }).collect();
    expect(dumps[0]?.error).toBeInstanceOf(Error);
    expect(summary.sockets).toMatchObject([{ count: 1 }]);
  });
});

describe('a function of dumps', () => {
  test.each([
    ['sync', (): Dumps => ({ tcp: short() })],
    ['async', async (): Promise<Dumps> => ({ tcp: short() })],
  ])('is asked for each collection: %s', async (_, dumps) => {
    const asked = vi.fn(dumps);
    const all = collector({ dumps: asked });
    expect([await countOf(all), await countOf(all)]).toEqual([1, 1]);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('that throws or rejects has its error thrown', async () => {
    const error = new Error('no dumps');
    const throws = (): Dumps => {
      throw error;
    };
    await expect(collector({ dumps: throws }).collect()).rejects.toBe(error);
    await expect(collector({ dumps: async () => throws() }).collect()).rejects.toBe(error);
  });

  test.each([
    [undefined, /what options\.dumps gives is undefined, but must be an object of dumps/],
    [[short()], /must be an object of dumps/],
    [{}, /has no dump: nothing would be read/],
    [{ tcp: 'tcp' }, /what options\.dumps gives\.tcp: 'tcp' is no dump/],
    [{ closed: short() }, /only the ends of sockets are called so/],
  ])('that gives nonsense has it told: %o', async (nonsense, words) => {
    const all = collector({ dumps: () => nonsense as never });
    await expect(all.collect()).rejects.toThrow(TypeError);
    await expect(all.collect()).rejects.toThrow(words);
  });
});

describe('close()', () => {
  test('ends what is read, which is told to whoever waits, and afterwards nothing is read', async () => {
    const dump = hanging();
    const all = collector({ dumps: { dump } });
    const reading = all.collect();
    const told = expect(reading).rejects.toThrow('the collector is closed');
    await new Promise((resolve) => setImmediate(resolve));
    await all.close();
    await told;
    await expect(all.collect()).rejects.toThrow('the collector is closed');
    expect(dump.opened).toBe(1);
    await all.close();
  });

  test('does not wait for a function of dumps', async () => {
    const all = collector({ dumps: () => NEVER });
    const told = expect(all.collect()).rejects.toThrow('the collector is closed');
    await all.close();
    await told;
  });

  test('before a function of dumps has answered leaves these unread', async () => {
    const dump = short();
    const all = collector({ dumps: async () => ({ dump }) });
    const told = expect(all.collect()).rejects.toThrow('the collector is closed');
    await all.close();
    await told;
    await sleep(1);
    expect(dump.opened).toBe(0);
  });

  test('of one that was never asked, and by its symbol', async () => {
    const dump = short();
    const all = collector({ dumps: { dump }, interval: 1e6 });
    await all.collect();
    await all[Symbol.asyncDispose]();
    await expect(all.collect()).rejects.toThrow('the collector is closed');
    await collector({ dumps: { dump } }).close();
    expect(dump.opened).toBe(1);
  });
});

describe('wrong options are told before anything is opened', () => {
  test.each<[unknown, typeof TypeError | typeof RangeError, RegExp]>([
    [5, TypeError, /collector: options must be an object, not 5/],
    [
      { dump: {} },
      TypeError,
      /there is no option 'dump', only .*'dumps', 'interval', 'timeout' and 'closed'/,
    ],
    [{ dumps: [] }, TypeError, /options\.dumps is .*must be an object of dumps, or a function/],
    [{ dumps: null }, TypeError, /options\.dumps is null/],
    [{ dumps: {} }, TypeError, /options\.dumps has no dump/],
    [{ dumps: { tcp: {} } }, TypeError, /options\.dumps\.tcp: .* is no dump/],
    [{ dumps: { closed: short() } }, TypeError, /options\.dumps\.closed: only the ends/],
    [{ interval: '5' }, TypeError, /options\.interval is '5', but must be a number of milliseconds/],
    [{ interval: -1 }, RangeError, /options\.interval is -1/],
    [{ timeout: Number.NaN }, RangeError, /options\.timeout is NaN/],
    [{ timeout: 2 ** 31 }, RangeError, /options\.timeout is 2147483648, but .* up to 2147483647/],
    [{ timeout: null }, TypeError, /options\.timeout is null/],
    [{ closed: 1 }, TypeError, /options\.closed is 1, but must be true or false/],
    [{ limit: 0 }, RangeError, /options\.limit is 0/],
    [{ listeners: 'all' }, TypeError, /options\.listeners is 'all'/],
    [{ labels: 'owner' }, TypeError, /options\.labels is 'owner'/],
  ])('%o', (options, type, words) => {
    const before = openSockets();
    const make = () => collector({ closed: true, ...(options as object) } as CollectorOptions);
    const direct = () => collector(options as CollectorOptions);
    expect(typeof options === 'object' ? make : direct).toThrow(type);
    expect(direct).toThrow(words);
    expect(openSockets()).toEqual(before);
  });
});

describe('of this machine', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server?.close());

  test('without dumps, TCP, UDP and unix sockets are read, with all that is told of them', async () => {
    const { dumps, summary } = await collector({ listeners: 10_000 }).collect();
    expect(dumps.map(({ dump, cut, error }) => [dump, cut, error])).toEqual([
      ['tcp', false, undefined],
      ['udp', false, undefined],
      ['unix', false, undefined],
    ]);
    const { port } = server.address() as { port: number };
    expect(summary.listeners).toContainEqual(
      expect.objectContaining({ protocol: 'tcp', address: '127.0.0.1', port, sockets: 1, queue: 0, full: 0 }),
    );
    const listening = summary.sockets.find(({ protocol, state }) => protocol === 'tcp' && state === 'LISTEN');
    expect(listening).toHaveProperty('memory');
    expect(summary.sockets.some(({ family }) => family === 'unix')).toBe(true);
  });

  test('their owners are looked for where a label asks for them', async () => {
    const { summary } = await collector({ labels: ['owner', 'local_port'], limit: 10_000 }).collect();
    const { port } = server.address() as { port: number };
    const own = summary.sockets.find(
      ({ labels, state }) => labels['local_port'] === `${port}` && state === 'LISTEN',
    );
    expect(own?.labels['owner']).toBe(readFileSync('/proc/self/comm', 'utf8').trimEnd());
  });
});

describe.skipIf(lackOfWorld())('of real sockets nothing is left open', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`kept = [datagram('127.0.0.1') for n in range(4000)]`);
  });
  afterAll(() => stage?.close());

  const dumps = (): Dumps => ({
    udp: dumpUdp({ netns: stage.pid }),
    unix: dumpUnix({ netns: stage.pid, owners: true }),
  });

  /** When what is done meanwhile is over, there are as many as before. */
  async function expectNothingLeft(act: () => Promise<unknown>): Promise<void> {
    const before = [openSockets(), openFiles()];
    await act();
    expect([openSockets(), openFiles()]).toEqual(before);
  }

  test('when all was read', async () => {
    await expectNothingLeft(() => collector({ dumps }).collect());
  });

  test('when a dump could not be', () =>
    expectNothingLeft(async () => {
      const broken = dumpTcp({ netns: '/nonexistent/netns' });
      const found = await collector({ dumps: () => ({ broken, ...dumps() }) }).collect();
      expect(found.dumps[0]?.error).toBeInstanceOf(SockDiagError);
      expect(found.dumps[0]?.error).toMatchObject({ code: 'ENOENT' });
      expect(found.dumps.slice(1).every((one) => one.error === undefined)).toBe(true);
    }));

  test('when the time was up in its midst', () =>
    expectNothingLeft(async () => {
      let hasWaited = false;
      const of = (): string => {
        // So that the time is up behind the first batch.
        if (!hasWaited) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
        hasWaited = true;
        return '';
      };
      const udp = dumpUdp({ netns: stage.pid });
      const all = collector({ dumps: { udp }, labels: [{ name: 'mine', of }], timeout: 500 });
      const found = await all.collect();
      expect(found.dumps).toMatchObject([{ cut: true }]);
      expect(found.dumps[0]?.sockets).toBeGreaterThan(0);
      expect(found.dumps[0]?.sockets).toBeLessThan(4000);
      expect(found.summary.sockets).toEqual([]);
    }));

  test('when it was closed in its midst', () =>
    expectNothingLeft(async () => {
      const all = collector({ dumps });
      const told = expect(all.collect()).rejects.toThrow('the collector is closed');
      await new Promise((resolve) => setImmediate(resolve));
      await all.close();
      await told;
    }));
});

describe('a process', () => {
  const end = (script: string, ...before: string[]) => {
    const [program = process.execPath, ...words] = [...before, process.execPath];
    return spawnSync(program, [...words, '--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
  };
  const ended = { status: 0, signal: null, stderr: '' };

  test('with a collector that nobody asks ends by itself', () => {
    const script = `
      import { collector } from './dist/metrics/index.js';
      const all = collector({ interval: 1e6, timeout: 1e6 });
      console.log((await all.collect()).dumps.length);`;
    expect(end(script)).toMatchObject({ ...ended, stdout: '3\n' });
  });

  test('with one that counts the ends of sockets, too', () => {
    const script = `
      import { collector } from './dist/metrics/index.js';
      const all = collector({ closed: true });
      console.log((await all.collect()).closed.sockets.length);`;
    expect(end(script)).toMatchObject({ ...ended, stdout: '4\n' });
  });

  test('lives until a collection has ended, or its time is up', () => {
    const script = `
      import { collector } from './dist/metrics/index.js';
      const hanging = { async *batches() { await new Promise(() => undefined); } };
      console.log((await collector({ dumps: { hanging }, timeout: 50 }).collect()).dumps[0].cut);`;
    expect(end(script)).toMatchObject({ ...ended, stdout: 'true\n' });
  });

  const lacksStrace = lackOf('strace') || isSanitized('strace looks at the process');
  test.skipIf(lacksStrace)(
    'that can have no netlink socket is told so of each dump, and of closed at once',
    () => {
      const script = `
      import { collector } from './dist/metrics/index.js';
      const { dumps, summary } = await collector().collect();
      console.log(JSON.stringify([dumps.map(({ error }) => error?.code), summary]));
      try { collector({ closed: true }); } catch (error) { console.log(error.code); }`;
      const none = { sockets: [], listeners: [], tcp: [] };
      const codes = new Array(3).fill('EPROTONOSUPPORT');
      expect(end(script, 'strace', ...WITHOUT_SOCK_DIAG)).toMatchObject({
        ...ended,
        stdout: `${JSON.stringify([codes, none])}\nEPROTONOSUPPORT\n`,
      });
    },
  );
});
