/** Whatever happens to a watcher and to those who read it: nothing is left, nothing grows, nothing is kept alive. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { watchDestroyed } from '../../lib/index.js';
import { Asked } from '../children.js';
import { lackOf, skip } from '../tools.js';
import { Collector } from './collect.js';
import { Namespace } from './namespace.js';

const cannot =
  process.getuid?.() !== 0 ? skip('a network namespace needs root') : lackOf('unshare', 'python3', 'ip');

interface Read {
  cookies: string[];
  losses: { type: 'lost'; reason: string; count?: number; before: number }[];
}

/** The program that watches and reads only when it is told to. */
class Slow {
  readonly #program: Asked;

  private constructor(program: Asked) {
    this.#program = program;
  }

  static async start(pid: number, queue: number): Promise<Slow> {
    const program = join(import.meta.dirname, 'programs/slow.mjs');
    return new Slow(await Asked.ready(spawn(process.execPath, [program, String(pid), String(queue)])));
  }

  async read(count: number): Promise<Read> {
    return (await this.#program.ask(`read ${count}`)) as Read;
  }

  async memory(): Promise<NodeJS.MemoryUsage> {
    return (await this.#program.ask('memory')) as NodeJS.MemoryUsage;
  }

  signal(name: NodeJS.Signals): void {
    this.#program.signal(name);
  }

  /** Answers its exit code. */
  end(): Promise<number | null> {
    return this.#program.end();
  }
}

const MEGABYTE = 1 << 20;

describe.skipIf(cannot)('with events flowing in a namespace', () => {
  let namespace: Namespace;

  beforeAll(async () => {
    namespace = await Namespace.make();
  });
  afterAll(() => namespace?.end());

  /** Somebody else who watches, and reads: what has come to him has come to all. */
  function reader(): Collector {
    const watcher = watchDestroyed({ netns: namespace.pid, protocols: ['udp'] });
    onTestFinished(() => watcher.close());
    return new Collector(watcher);
  }

  /** Nothing is lost any more, and the program ends well. */
  async function expectWhole(slow: Slow): Promise<void> {
    const more = await namespace.ask('datagrams', { count: 100 });
    const next = await slow.read(100);
    expect(next.losses).toEqual([]);
    expect([...next.cookies].sort()).toEqual([...more].sort());
    expect(await slow.end()).toBe(0);
  }

  test('a reader that stops for ten seconds loses no memory and no truth', async () => {
    const slow = await Slow.start(namespace.pid, 1000);
    const others = reader();
    const made = await namespace.ask('datagrams', { count: 5000 });
    const before = await slow.memory();
    const until = Date.now() + 10_000;
    while (Date.now() < until) {
      made.push(...(await namespace.ask('datagrams', { count: 5000 })));
      await sleep(300);
    }
    await others.gather(made.length);
    const after = await slow.memory();
    // What came, of which each takes a hundred bytes, would be more.
    expect(made.length).toBeGreaterThan(50_000);
    expect(after.rss - before.rss).toBeLessThan(4 * MEGABYTE);

    const { cookies, losses } = await slow.read(made.length);
    expect(cookies.length + losses.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(made.length);
    // All at one place; on a machine that is too busy, the kernel may have lost some of them before.
    expect(losses[0]).toMatchObject({ reason: 'queue', before: 1000 });
    expect(losses.slice(1).every(({ reason, before: at }) => reason === 'kernel' && at === 1000)).toBe(true);
    expect(new Set(cookies).size).toBe(1000);
    expect(made).toEqual(expect.arrayContaining(cookies));

    await expectWhole(slow);
  }, 120_000);

  test('what the kernel had no room for is told where it was lost, with its number', async () => {
    const slow = await Slow.start(namespace.pid, 200_000);
    const others = reader();
    // Its thread as well: only the kernel's own queue takes events now, of which it has room for some 11,000. Once half of
    // it is full, the kernel waits a turn at each event, so that more of them would take long on a busy machine.
    slow.signal('SIGSTOP');
    const made = await namespace.ask('datagrams', { count: 1000 });
    // What the filter holds back takes no room, and is not counted.
    await namespace.ask('unbound', { count: 5000, protocol: 'udp' });
    made.push(...(await namespace.ask('datagrams', { count: 14_000 })));
    await namespace.ask('unbound', { count: 1000, protocol: 'udp' });
    await others.gather(made.length);
    slow.signal('SIGCONT');
    const { cookies, losses } = await slow.read(made.length);
    expect(losses).toHaveLength(1);
    expect(losses[0]).toMatchObject({ reason: 'kernel', count: made.length - cookies.length });
    // The oldest are those that it had room for; the marker stands behind them.
    expect(losses[0]?.before).toBe(cookies.length);
    expect(cookies.length).toBeGreaterThan(1000);
    expect(new Set(cookies).size).toBe(cookies.length);
    expect(made).toEqual(expect.arrayContaining(cookies));

    await expectWhole(slow);
  }, 120_000);

  test('a hundred workers that watch are terminated at random, and the process ends cleanly', async () => {
    await namespace.ask('flow', {});
    const program = join(import.meta.dirname, 'programs/terminated.mjs');
    const child = spawn(process.execPath, [program, String(namespace.pid)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [status, signal] = await once(child, 'close');
    await namespace.ask('stop', {});
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(JSON.parse(output)).toEqual({ terminated: 100, sockets: 0, threads: 0 });
  }, 120_000);

  test('process.exit with watchers at work is clean', async () => {
    await namespace.ask('flow', {});
    for (const delay of [0, 1, 5, 20, 60]) {
      const { status, signal, stderr } = end(`
        const watchers = [1, 2, 10, 100].map((queue) => watchDestroyed({ netns: ${namespace.pid}, queue }));
        for (const watcher of watchers.slice(1)) (async () => { for await (const _ of watcher); })();
        setTimeout(() => process.exit(7), ${delay});`);
      expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
    }
    await namespace.ask('stop', {});
  });

  test('what was left, closed, aborted or dropped leaves no descriptor, no thread and no memory', async () => {
    await namespace.ask('flow', {});
    const { stdout, stderr } = end(
      `import { readdirSync } from 'node:fs';
              import { setTimeout as sleep } from 'node:timers/promises';
       const count = (folder) => readdirSync('/proc/self/' + folder).length;
       const options = { netns: ${namespace.pid}, queue: 100 };
       const ways = {
         left: async () => { for await (const _ of watchDestroyed(options)) break; },
         closed: async () => watchDestroyed(options).close(),
         returned: async () => { const watcher = watchDestroyed(options); await watcher.next(); await watcher.return(); },
         disposed: async () => watchDestroyed(options)[Symbol.asyncDispose](),
         aborted: async () => {
           const watcher = watchDestroyed({ ...options, signal: AbortSignal.timeout(1) });
           try { for await (const _ of watcher); } catch {}
         },
         dropped: async () => { watchDestroyed(options); },
         refused: async () => { try { watchDestroyed({ netns: '/nowhere' }); } catch {} },
       };
       async function collect() { for (let i = 0; i < 6; i++) { globalThis.gc(); await sleep(5); } }
       for (const [name, way] of Object.entries(ways)) {
         const run = async (times) => { for (let i = 0; i < times; i++) await way(); await collect(); };
         await run(20);
         const before = [count('fd'), count('task'), process.memoryUsage()];
         await run(100);
         const after = [count('fd'), count('task'), process.memoryUsage()];
         console.log(JSON.stringify({
           name, descriptors: after[0] - before[0], threads: after[1] - before[1],
           heapUsed: after[2].heapUsed - before[2].heapUsed, external: after[2].external - before[2].external,
         }));
       }`,
      '--expose-gc',
    );
    expect(stderr).toBe('');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(7);
    for (const line of lines) {
      expect(line, line.name).toMatchObject({ descriptors: 0, threads: 0 });
      expect(line.heapUsed, line.name).toBeLessThan(MEGABYTE);
      expect(line.external, line.name).toBeLessThan(MEGABYTE);
    }
    await namespace.ask('stop', {});
  }, 60_000);
});

/** Runs a script to its end. */
function end(script: string, ...options: string[]) {
  const program = `import { watchDestroyed } from './dist/index.js';\n${script}`;
  const words = [...options, '--input-type=module', '-e', program];
  return spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 50_000 });
}

/** The same in a network namespace in which nothing ever happens. */
function endAlone(script: string) {
  const program = `import { watchDestroyed } from './dist/index.js';\n${script}`;
  const words = ['--net', process.execPath, '--input-type=module', '-e', program];
  const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 20_000 });
  return { status, stdout, stderr };
}

describe.skipIf(cannot)('what keeps a process alive', () => {
  /** Says so and ends the process if that lives so long, but does not keep it alive. */
  const alive = "setTimeout(() => { console.log('alive'); process.exit(0); }, 700).unref();";

  test.each([
    ['a watcher that nobody reads does not', 'globalThis.watcher = watchDestroyed();', ''],
    ['a call of next that waits does', 'watchDestroyed().next();', 'alive\n'],
    ['a loop that waits does', '(async () => { for await (const _ of watchDestroyed()); })();', 'alive\n'],
    ['not after unref', 'watchDestroyed().unref().next();', ''],
    ['nor if that comes later', 'const watcher = watchDestroyed(); watcher.next(); watcher.unref();', ''],
    [
      'but after ref it does',
      'const watcher = watchDestroyed().unref(); watcher.next(); watcher.ref();',
      'alive\n',
    ],
    ['not after close', 'const watcher = watchDestroyed(); watcher.next(); watcher.close();', ''],
    [
      'nor after an abort',
      `const aborter = new AbortController();
       watchDestroyed({ signal: aborter.signal }).next().catch(() => undefined);
       setImmediate(() => aborter.abort());`,
      '',
    ],
    [
      'ref and unref of a closed one do nothing',
      'const watcher = watchDestroyed(); watcher.close(); watcher.ref().unref().ref(); watcher.next();',
      '',
    ],
  ])('%s', (_, script, stdout) => {
    expect(endAlone(`${script}\n${alive}`)).toEqual({ status: 0, stdout, stderr: '' });
  });
});
