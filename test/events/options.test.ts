/** What watchDestroyed accepts, and how calls of a watcher are answered. Nothing here needs a privilege. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import { type DestroyedWatcher, watchDestroyed } from '../../lib/index.js';
import { askForNothing } from '../../lib/inet/dump.js';
import { TCP } from '../../lib/inet/tcp.js';
import { openSockets } from '../descriptors.js';

// What TypeScript would refuse, JavaScript must.
const loose = watchDestroyed as (options?: unknown) => DestroyedWatcher;

test.each([
  [null, TypeError, 'watchDestroyed: options must be an object, not null'],
  [
    { protocol: 'tcp' },
    TypeError,
    "watchDestroyed: there is no option 'protocol', only 'protocols', 'family',",
  ],
  [{ protocols: [] }, TypeError, "options.protocols is empty, but must name at least one of 'tcp' and 'udp'"],
  [{ protocols: ['raw'] }, TypeError, "options.protocols[0] is 'raw', but must be 'tcp' or 'udp'"],
  [{ protocols: 'tcp' }, TypeError, "options.protocols is 'tcp', but must be an array of 'tcp' or 'udp'"],
  [{ family: 'ipv4' }, TypeError, "options.family is 'ipv4', but must be 'inet' or 'inet6'"],
  [{ show: ['cong'] }, TypeError, "options.show[0] is 'cong', but must be 'info'"],
  [{ filter: 'sport =' }, SyntaxError, 'sport ='],
  [
    { filter: 42 },
    TypeError,
    'watchDestroyed: options.filter must be the text of a filter, or the tree of one',
  ],
  [{ filter: 'sport = 1 and not state closed' }, TypeError, 'options.filter asks for the state'],
  [{ filter: 'fwmark = 1' }, TypeError, 'options.filter asks for the mark'],
  [{ filter: 'cgroup = /a' }, TypeError, 'options.filter asks for the cgroup'],
  [
    { filter: 'dev = eth0', netns: 1 },
    TypeError,
    "the interface 'eth0' cannot be looked up in another network",
  ],
  [{ netns: -1 }, TypeError, 'options.netns is -1, but must be'],
  [{ signal: {} }, TypeError, 'options.signal is an object, but must be an AbortSignal'],
  [{ queue: 0 }, RangeError, 'options.queue is 0, but must be a whole number from 1 to 2147483647'],
  [{ queue: 2 ** 31 }, RangeError, 'options.queue is 2147483648, but must be'],
  [{ queue: 1.5 }, TypeError, 'options.queue is 1.5, but must be a whole number'],
  [{ queue: '10' }, TypeError, "options.queue is '10', but must be a whole number"],
  [{ queue: Number.NaN }, TypeError, 'options.queue is NaN, but must be a whole number'],
])('%j is refused in words', (options, type, words) => {
  const before = openSockets();
  expect(() => loose(options)).toThrow(type);
  expect(() => loose(options)).toThrow(words);
  expect(openSockets()).toEqual(before);
});

test('an interface is known by its name', async () => {
  const before = openSockets();
  const ends = watchDestroyed({ filter: 'dev = lo' });
  expect(openSockets().length).toBeGreaterThan(before.length);
  await ends.return();
  expect(openSockets()).toEqual(before);
});

test('an interface or a namespace that there is not is an error at the call', () => {
  const before = openSockets();
  expect(() => watchDestroyed({ filter: 'dev = nowhere0' })).toThrow(
    expect.objectContaining({ name: 'SockDiagError', code: 'ENODEV' }),
  );
  expect(() => watchDestroyed({ netns: '/nowhere' })).toThrow(
    expect.objectContaining({
      name: 'SockDiagError',
      message: 'cannot watch IPv4 TCP sockets: there is no network namespace at /nowhere (ENOENT: open)',
    }),
  );
  expect(openSockets()).toEqual(before);
});

test('a protocol for which the kernel has no handler is an error, and no silence', () => {
  const handler = { module: 'some_diag', option: 'CONFIG_SOME_DIAG' };
  const experimental = { ...TCP, number: 253, words: 'experimental', handler };
  expect(() => askForNothing('inet', experimental, { act: 'watch' })).toThrow(
    expect.objectContaining({
      message:
        'this kernel has no handler for IPv4 experimental sockets: its module some_diag (CONFIG_SOME_DIAG) is absent, ' +
        'or could not be loaded (ENOENT)',
      unsupported: 'protocol',
    }),
  );
  expect(() => askForNothing('inet6', TCP, { act: 'watch' })).not.toThrow();
});

/** Ends a UDP socket of this process, and answers the port that it had. */
async function datagram(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

const portOf = ({ value }: Awaited<ReturnType<DestroyedWatcher['next']>>): number | undefined =>
  value?.type === 'destroyed' ? value.socket.sport : undefined;

test('calls of next need not wait for each other, and are answered in their order', async () => {
  const watcher = watchDestroyed({ protocols: ['udp'], family: 'inet' });
  const answers: number[] = [];
  const calls = Array.from({ length: 10 }, (_, i) => watcher.next().finally(() => answers.push(i)));
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 10; i++) ports.add(await datagram());
  const given = (await Promise.all(calls)).map(portOf);
  expect(answers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // Others on this machine may end sockets too.
  expect(given.filter((port) => ports.has(port)).length).toBeGreaterThan(0);
  await watcher.return();
});

test('what is closed while calls wait answers them with the end', async () => {
  const before = openSockets();
  const watcher = watchDestroyed({ filter: 'src 192.0.2.1' });
  const calls = [watcher.next(), watcher.next()];
  await new Promise((resolve) => setImmediate(resolve));
  watcher.close();
  expect(openSockets()).toEqual(before);
  expect(await Promise.all(calls)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  expect(await watcher.next()).toEqual({ done: true, value: undefined });
  expect(await watcher.return()).toEqual({ done: true, value: undefined });
  watcher.close();
});

test('an abort closes the socket at once; calls that wait and those that come have its reason', async () => {
  const before = openSockets();
  const aborter = new AbortController();
  const watcher = watchDestroyed({ filter: 'src 192.0.2.1', signal: aborter.signal });
  const calls = [watcher.next(), watcher.next()];
  await new Promise((resolve) => setImmediate(resolve));
  const reason = new Error('enough');
  aborter.abort(reason);
  expect(openSockets()).toEqual(before);
  for (const result of await Promise.allSettled(calls))
    expect(result).toEqual({ status: 'rejected', reason });
  await expect(watcher.next()).rejects.toBe(reason);
  await expect(watcher.next()).rejects.toBe(reason);
});

test('an abort takes away what waits to be read', async () => {
  const aborter = new AbortController();
  const watcher = watchDestroyed({ protocols: ['udp'], signal: aborter.signal });
  await datagram();
  await datagram();
  await watcher.next();
  aborter.abort('enough');
  await expect(watcher.next()).rejects.toBe('enough');
});

test('a hundred watchers of one signal make no warning', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const aborter = new AbortController();
  const watchers = Array.from({ length: 100 }, () =>
    watchDestroyed({ filter: 'src 192.0.2.1', signal: aborter.signal }),
  );
  aborter.abort('all');
  await expect(watchers[99]?.next()).rejects.toBe('all');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

test('what is thrown in a loop, and leaving it, close the socket before the next line', async () => {
  const before = openSockets();
  const watcher = watchDestroyed({ protocols: ['udp'] });
  await datagram();
  const loop = async () => {
    for await (const _ of watcher) throw new Error('mine');
  };
  await expect(loop()).rejects.toThrow('mine');
  expect(openSockets()).toEqual(before);
});

test('who watches first and looks then misses nothing: what ended at once after the call comes', async () => {
  const watcher = watchDestroyed({ protocols: ['udp'], family: 'inet' });
  const port = await datagram();
  for await (const event of watcher) {
    if (event.type === 'destroyed' && event.socket.sport === port) break;
  }
});
