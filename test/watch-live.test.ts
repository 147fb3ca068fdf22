/** What watch says of sockets that do what they are told, and of sockets that do nothing. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type Batches,
  type Change,
  type ChangeIterator,
  type DestroyedSocket,
  type DiagMsg,
  type Dump,
  dumpMptcp,
  dumpTcp,
  dumpUdp,
  dumpUnix,
  type MptcpDiagMsg,
  type Rates,
  type SocketChanged,
  type TcpDiagMsg,
  type TcpInfo,
  watch,
} from '../lib/index.js';
import { lackOf, lackOfWorld, skip } from './tools.js';
import { Stage } from './world/stage.js';
import { run, startWorld, type World } from './world/world.js';

function lackOfMptcp(): boolean {
  const asked = spawnSync('python3', ['-c', 'import socket; socket.socket(socket.AF_INET, 1, 262)']);
  return asked.status !== 0 && skip('there is no Multipath TCP here');
}

const absent: boolean = lackOfWorld();

/** As fast as a machine can that has other things to do. Milliseconds. */
const interval = 20;

/** The next changes up to one that is looked for, and at most so many. */
async function until<T>(
  changes: ChangeIterator<T, unknown>,
  isIt: (change: Change<T>) => boolean,
): Promise<Change<T>[]> {
  const all: Change<T>[] = [];
  while (all.length < 1000) {
    const { done, value } = await changes.next();
    if (done === true) break;
    all.push(value);
    if (isIt(value)) return all;
  }
  throw new Error(`what was looked for did not come, but ${JSON.stringify(all, undefined, 1)}`);
}

describe.skipIf(absent)('sockets that are told what to do', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  const cookieOf = (name: string): string =>
    `result = '%x' % int.from_bytes(${name}.getsockopt(socket.SOL_SOCKET, 57, 8), 'little')`;

  /** Starts when the sockets that there are have been seen, of which there must be some. */
  async function watching<T extends DiagMsg>(dump: Dump<T>): Promise<ChangeIterator<T>> {
    const there = await dump.toArray();
    expect(there.length).toBeGreaterThan(0);
    const changes = watch(dump, { interval, existing: true });
    const opened: string[] = [];
    for (const _ of there) opened.push(((await changes.next()).value as Change<T>).socket.cookie);
    expect(opened.sort()).toEqual(there.map(({ cookie }) => cookie).sort());
    return changes;
  }

  test.each([
    ['AF_INET', '127.0.0.1', 'inet'],
    ['AF_INET6', '::1', 'inet6'],
  ] as const)('TCP over %s', async (af, address, family) => {
    await stage.run(`listener = socket.create_server(('${address}', 0), family=socket.${af})`);
    const port = (await stage.run('result = listener.getsockname()[1]')) as number;
    const began = performance.now();
    const changes = await watching(dumpTcp({ netns: stage.pid, family, show: ['info'] }));

    await stage.run('client = socket.create_connection(listener.getsockname()[:2])');
    await stage.run('server, _ = listener.accept()');
    const client = await stage.run(cookieOf('client'));
    const server = await stage.run(cookieOf('server'));
    const seen = new Set<string>();
    const opened = await until(changes, ({ type, socket }) => {
      if (type === 'opened') seen.add(socket.cookie);
      return seen.size === 2;
    });
    expect(seen).toEqual(new Set([client, server]));
    for (const { type, socket } of opened) {
      expect(socket).toMatchObject({ family, src: address, dst: socket.dport === 0 ? socket.dst : address });
      if (type === 'opened') expect([socket.sport, socket.dport]).toContain(port);
    }

    await stage.run("client.sendall(b'x' * 12345)");
    const grown = await until(changes, (change) => isIt(change, server, { rqueue: 12345 }));
    const ofServer = grown.filter(isChanged).filter(({ socket }) => socket.cookie === server);
    expect(sum(ofServer, 'bytesReceived')).toBe(12345);
    for (const change of ofServer) expectRates(change, began);
    expect(ofServer.some(({ rates }) => (rates?.bytesReceived ?? 0) > 0)).toBe(true);

    await stage.run('client.shutdown(socket.SHUT_WR)');
    const halfClosed = await until(changes, (change) => isIt(change, server, { state: 'CLOSE_WAIT' }));
    const isFinWait = (change: Change<TcpDiagMsg>) => isIt(change, client, { state: 'FIN_WAIT2' });
    if (!halfClosed.some(isFinWait)) await until(changes, isFinWait);

    // All is read first: what is closed with something unread is reset.
    await stage.run('server.recv(20000, socket.MSG_WAITALL)\nserver.close()');
    const ending = await until(changes, (change) => isIt(change, client, { state: 'TIME_WAIT' }));
    const isServersEnd = ({ type, socket }: Change<TcpDiagMsg>) =>
      type === 'closed' && socket.cookie === server;
    if (!ending.some(isServersEnd)) ending.push(...(await until(changes, isServersEnd)));
    // It is the same socket, to whoever looks at it: there was no end and no beginning.
    const both = ending.filter(({ socket }) => socket.cookie === client);
    expect(new Set(both.map(({ type }) => type))).toEqual(new Set(['changed']));
    expect(both.at(-1)?.socket).toMatchObject({ timer: 'timewait', inode: 0, sport: expect.any(Number) });

    await stage.run('client.close()\nlistener.close()');
    await until(changes, ({ type, socket }) => type === 'closed' && socket.state === 'LISTEN');
    await changes.return();
  });

  test.each([
    ['the kernel itself tells of its end', undefined],
    ['nobody tells of its end', false],
  ] as const)('a connection that is reset, and %s', async (_, events) => {
    await stage.run(`
      import struct
      gate = socket.create_server(('127.0.0.1', 0))
      client = socket.create_connection(gate.getsockname())
      server, _ = gate.accept()`);
    const cookie = await stage.run(cookieOf('server'));
    const dump = dumpTcp({ netns: stage.pid, states: ['ESTABLISHED'], show: ['info'] });
    const changes = watch(dump, { interval, existing: true, events });
    await until(changes, ({ socket }) => socket.cookie === cookie);
    await stage.run(`
      client.sendall(b'x' * 4321); server.recv(4321, socket.MSG_WAITALL)
      client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
      client.close(); server.close(); gate.close()`);
    const all = await until(changes, ({ type, socket }) => type === 'closed' && socket.cookie === cookie);
    const closed = all.at(-1) as Extract<Change<TcpDiagMsg, DestroyedSocket>, { type: 'closed' }>;
    if (events === false) expect(closed).not.toHaveProperty('final');
    else expect(closed.final).toMatchObject({ protocol: 'tcp', info: { bytesReceived: 4321 } });
    await changes.return();
  });

  test('UDP: what is queued, what is dropped', async () => {
    await stage.run(`
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
receiver.bind(('127.0.0.1', 0))`);
    const receiver = await stage.run(cookieOf('receiver'));
    const changes = await watching(dumpUdp({ netns: stage.pid, show: ['skmeminfo'] }));
    await stage.run(`
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.connect(receiver.getsockname())`);
    await until(changes, ({ type, socket }) => type === 'opened' && socket.dst === '127.0.0.1');
    await stage.run("for _ in range(100): sender.send(b'x' * 500)");
    const dropped = Number(await stage.run("result = open('/proc/net/udp').read().split()[-1]"));
    const isFull = (drops: number | undefined) => drops !== undefined && drops >= dropped && drops > 0;
    const all = await until(
      changes,
      ({ type, socket }) =>
        type === 'changed' && socket.cookie === receiver && isFull(socket.skmeminfo?.drops),
    );
    const last = all.at(-1) as SocketChanged<(typeof all)[number]['socket']>;
    expect(last.socket.rqueue).toBeGreaterThan(0);
    expect(last.rates?.drops).toBeGreaterThan(0);
    await stage.run('receiver.close()\nsender.close()');
    await until(changes, ({ type, socket }) => type === 'closed' && socket.cookie === receiver);
    await changes.return();
  });

  test('unix: a client that waits, is accepted, writes, and goes', async () => {
    await stage.run(`
gate = socket.socket(socket.AF_UNIX)
gate.bind('\\0sockdiag-watch')
gate.listen()`);
    const gate = await stage.run(cookieOf('gate'));
    const changes = await watching(dumpUnix({ netns: stage.pid }));
    await stage.run("guest = socket.socket(socket.AF_UNIX)\nguest.connect('\\0sockdiag-watch')");
    const inode = await stage.run('result = os.fstat(guest.fileno()).st_ino');
    const waiting = await until(changes, (change) => isIt(change, gate, { rqueue: 1 }));
    expect(waiting.at(-1)?.socket.icons).toEqual([inode]);
    await stage.run("host, _ = gate.accept()\nguest.send(b'12345')");
    const host = await stage.run(cookieOf('host'));
    await until(changes, ({ socket }) => socket.cookie === host && socket.rqueue === 5);
    await stage.run('guest.close()\nhost.close()\ngate.close()');
    const closed = new Set<unknown>();
    await until(changes, ({ type, socket }) => {
      if (type === 'closed') closed.add(socket.cookie);
      return closed.has(gate) && closed.has(host);
    });
    await changes.return();
  });

  test.skipIf(lackOfMptcp())(
    'Multipath TCP: what a listener accepted has its cookie, and is another',
    async () => {
      await stage.run(`
gate = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
gate.bind(('127.0.0.1', 0))
gate.listen()`);
      const gate = await stage.run(cookieOf('gate'));
      const changes = await watching(dumpMptcp({ netns: stage.pid, show: ['info'] }));
      await stage.run(`
guests = [socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) for _ in range(2)]
for guest in guests: guest.connect(gate.getsockname())
hosts = [gate.accept()[0] for _ in range(2)]
for guest in guests: guest.send(b'hello')
for host in hosts: host.recv(5)`);
      const opened: MptcpDiagMsg[] = [];
      await until(changes, ({ type, socket }) => {
        if (type === 'opened') opened.push(socket);
        return opened.length === 4;
      });
      const hosts = opened.filter(({ cookie }) => cookie === gate);
      expect(hosts).toHaveLength(2);
      expect(new Set(hosts.map(({ info }) => info?.token)).size).toBe(2);
      await stage.run('for socket_ in guests + hosts: socket_.close()');
      const closed: MptcpDiagMsg[] = [];
      const all = await until(changes, ({ type, socket }) => {
        if (type === 'closed') closed.push(socket);
        return closed.length === 4;
      });
      // Whatever they went through, none was taken for another.
      expect(all.filter(({ type }) => type === 'opened')).toEqual([]);
      expect(new Set(closed.map(({ info }) => info?.token)).size).toBe(4);
      await stage.run('gate.close()');
      const [last] = await until(changes, ({ type }) => type === 'closed');
      expect(last?.socket).toMatchObject({ cookie: gate, state: 'LISTEN' });
      await changes.return();
    },
  );

  function isIt<T extends DiagMsg>(change: Change<T>, cookie: unknown, fields: object): boolean {
    if (change.type !== 'changed' || change.socket.cookie !== cookie) return false;
    return Object.entries(fields).every(([name, value]) => change.socket[name as keyof T] === value);
  }

  const isChanged = <T>(change: Change<T>): change is SocketChanged<T> => change.type === 'changed';

  const grownBy = ({ socket, previous }: SocketChanged<TcpDiagMsg>, name: keyof TcpInfo): number =>
    (socket.info?.[name] as number) - (previous.info?.[name] as number);

  function sum(changes: SocketChanged<TcpDiagMsg>[], name: keyof TcpInfo): number {
    return changes.reduce((all, change) => all + grownBy(change, name), 0);
  }

  /** Each by how much the counter grew, over the same time, which is not longer than all of it. */
  function expectRates(change: SocketChanged<TcpDiagMsg>, began: number): void {
    const rates = change.rates as Rates;
    const names = ['bytesReceived', 'segsIn', 'segsOut', 'dataSegsIn', 'bytesAcked'] as const;
    const longest = (performance.now() - began) / 1000;
    for (const name of names) {
      const grown = grownBy(change, name);
      expect(rates[name], name).toBeGreaterThanOrEqual(grown / longest);
      if (grown === 0) expect(rates[name], name).toBe(0);
    }
    const seconds = grownBy(change, 'segsIn') / (rates.segsIn as number);
    if (seconds > 0) {
      expect(rates.bytesReceived).toBeCloseTo(grownBy(change, 'bytesReceived') / seconds, 3);
    }
  }
});

/** Keeps what each reading gives. */
class Kept<T> implements Batches<T> {
  readonly readings: T[][] = [];
  readonly #dump: Dump<T>;

  constructor(dump: Dump<T>) {
    this.#dump = dump;
  }

  async *batches(): AsyncGenerator<T[], void> {
    const reading: T[] = [];
    for await (const batch of this.#dump.batches()) {
      reading.push(...batch);
      yield batch;
    }
    this.readings.push(reading);
  }
}

describe.skipIf(absent)('sockets that do nothing', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const READINGS = 5;

  /** The changes of five readings, and what they gave. */
  async function quiet<T extends DiagMsg>(dump: Dump<T>): Promise<{ changes: Change<T>[]; readings: T[][] }> {
    const kept = new Kept(dump);
    const controller = new AbortController();
    const changes: Change<T>[] = [];
    const counting: Batches<T> = {
      async *batches() {
        if (kept.readings.length === READINGS) controller.abort();
        yield* kept.batches();
      },
    };
    const watchingAll = async (): Promise<void> => {
      for await (const change of watch(counting, { interval: 200, signal: controller.signal }))
        changes.push(change);
    };
    await expect(watchingAll()).rejects.toThrow(/aborted/);
    return { changes, readings: kept.readings };
  }

  /** What does not count, in words of its own. */
  function withoutClocks(record: TcpDiagMsg): unknown {
    const { expires, info, ...rest } = record;
    if (info === undefined) return rest;
    const { lastDataSent, lastAckSent, lastDataRecv, lastAckRecv, ...more } = info;
    const { busyTime, rwndLimited, sndbufLimited, totalRtoTime, ...what } = more;
    return { ...rest, info: what };
  }

  /** Names of what differs between two records that are alike but for clocks. */
  function clocksOf(a: TcpDiagMsg, b: TcpDiagMsg): string[] {
    const [one, other] = [a, b].map(({ info, expires }) => ({ ...info, expires }) as Record<string, unknown>);
    return Object.keys(one ?? {}).filter((name) => !isDeepStrictEqual(one?.[name], other?.[name]));
  }

  test('TCP: those that send again are changed, no others, though clocks run on all', async () => {
    const { changes, readings } = await quiet(dumpTcp({ netns: world.pid, show: ['info'] }));
    expect(readings).toHaveLength(READINGS);
    const expected: string[] = [];
    const ran = new Set<string>();
    for (const [i, reading] of readings.entries()) {
      const before = new Map(readings[i - 1]?.map((record) => [record.cookie, record]));
      for (const record of reading) {
        const previous = before.get(record.cookie);
        if (previous === undefined) continue;
        if (!isDeepStrictEqual(withoutClocks(record), withoutClocks(previous))) expected.push(record.cookie);
        else for (const name of clocksOf(record, previous)) ran.add(name);
      }
    }
    expect(changes.map(({ type, socket }) => `${type} ${socket.cookie}`)).toEqual(
      expected.map((cookie) => `changed ${cookie}`),
    );
    expect(ran).toEqual(
      new Set([...ran, 'expires', 'lastDataSent', 'lastDataRecv', 'lastAckRecv', 'busyTime', 'rwndLimited']),
    );
    // What really happens in this world is that packets get no answer: a timer goes off, and is set again.
    for (const change of changes) {
      const { socket, previous } = change as SocketChanged<TcpDiagMsg>;
      const differing = Object.keys(socket).filter(
        (name) => !isDeepStrictEqual(socket[name as keyof TcpDiagMsg], previous[name as keyof TcpDiagMsg]),
      );
      expect(['on', 'keepalive', 'persist', 'off'], JSON.stringify(differing)).toContain(socket.timer);
    }
    const still = new Set(
      world.inet.filter(({ protocol }) => protocol === 'tcp').map(({ cookie }) => cookie),
    );
    for (const { socket } of changes) still.delete(socket.cookie);
    expect(still.size).toBeGreaterThan(10);
  });

  test.each<[string, (netns: number) => Dump<DiagMsg>]>([
    ['UDP', (netns) => dumpUdp({ netns, show: ['skmeminfo'] }) as Dump<DiagMsg>],
    ['unix', (netns) => dumpUnix({ netns }) as Dump<DiagMsg>],
  ])('%s: nothing', async (_what, dump) => {
    const { changes, readings } = await quiet(dump(world.pid));
    expect(readings).toHaveLength(READINGS);
    for (const reading of readings) expect(reading.length).toBeGreaterThan(5);
    expect(changes).toEqual([]);
  });

  test.skipIf(lackOf('ss'))('a TIME_WAIT that ends is closed', async () => {
    const changes = watch(dumpTcp({ netns: world.pid, states: ['TIME_WAIT'] }), { interval, existing: true });
    const { socket } = (await changes.next()).value as Change<TcpDiagMsg>;
    expect(socket).toMatchObject({ state: 'TIME_WAIT', timer: 'timewait' });
    await run(world.pid, 'ss', ['-K', '-t', 'state', 'time-wait']);
    const isItsEnd = (change: Change<TcpDiagMsg>) =>
      change.type === 'closed' && change.socket.cookie === socket.cookie;
    expect((await until(changes, isItsEnd)).at(-1)).not.toHaveProperty('final');
    await changes.return();
  });
});

describe('the process', () => {
  const program = join(import.meta.dirname, 'lifetime/watching.mjs');

  /** Runs a part of the program; gives how it ended, and what it printed. */
  async function ending(
    part: string,
  ): Promise<{ status: number | null; signal: string | null; told: unknown }> {
    const child = spawn(process.execPath, ['--expose-gc', program, part], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.on('close', (...how) => resolve(how)),
    );
    return { status, signal, told: JSON.parse(output) };
  }

  // Each waits for a month if something is left, and the test's limit is the end of it.
  test.each(['left', 'disposed', 'returned', 'aborted', 'abandoned', 'failed'])('ends: %s', async (part) => {
    expect(await ending(part)).toEqual({ status: 0, signal: null, told: part });
  });

  test('lives while somebody waits for a change', async () => {
    expect(await ending('waiting')).toEqual({ status: 0, signal: null, told: 'opened' });
  });

  test('memory holds a record for each of 20,000 sockets that live, however many have lived', async () => {
    const { status, told } = await ending('memory');
    expect(status).toBe(0);
    const { one, many, changes } = told as { one: number; many: number; changes: number };
    expect(changes).toBe(60 * 20_000 + 58 * 5_000);
    // 5,000 more are kept, which were missed once. All that were ever closed are 290,000, of some 400 bytes.
    expect(many - one).toBeLessThan(8 << 20);
  });
});
