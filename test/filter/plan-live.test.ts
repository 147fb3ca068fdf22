/** How a filter is divided, asked of this kernel: what it lets through is what was foreseen of its sockets. */
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadBinding, type NativeRequest } from '../../lib/binding.js';
import { ALL_STATES } from '../../lib/filter/condition.js';
import { type Plan, plan } from '../../lib/filter/plan.js';
import { cgroupId, cgroupMount } from '../../lib/filter/resolvers.js';
import { dumpTcp, dumpUdp, type InetDiagMsg, type SocketState } from '../../lib/index.js';
import type { InetFamily } from '../../lib/inet/family.js';
import { BatchMemory } from '../../lib/netlink/batch.js';
import type { Dump } from '../../lib/netlink/dump.js';
import { attribute } from '../../lib/netlink/request.js';
import { readCookie } from '../../lib/record/cookie.js';
import { SOCKET_STATES, stateMask } from '../../lib/record/state.js';
import { lackOfWorld, skip } from '../tools.js';
import { startWorld, type World } from '../world/world.js';
import { bytesOf, ODD, REFUSED, run } from './kernel.js';
import { Dice, randomExpression, type Stock } from './plan-random.js';
import { meets, passes, SOCKET, type Socket } from './plan-sockets.js';
import { AUTOBOUND, and, host, not, or, port, prefix, state } from './plan-terms.js';

interface Protocol {
  number: number;
  all(options: { netns: number; states: readonly SocketState[] }): Dump<InetDiagMsg>;
}

const PROTOCOLS: readonly Protocol[] = [
  { number: 6, all: dumpTcp },
  { number: 17, all: dumpUdp },
];

/** Without the library's own way from a filter to a request. */
function requestOf({ states, sport, dport, program }: Plan, family: number, protocol: number): NativeRequest {
  const header = Buffer.alloc(56);
  header.set([family, protocol]);
  new Uint32Array(header.buffer, header.byteOffset + 4, 1)[0] = stateMask(states ?? ALL_STATES);
  header.writeUInt16BE(sport, 8);
  header.writeUInt16BE(dport, 10);
  const attributes = program === undefined ? [] : [attribute(1, program)];
  return { type: 20, family, headerLength: 72, payload: Buffer.concat([header, ...attributes]) };
}

function bytesOfAddress(text: string, family: InetFamily): number[] {
  if (family === 'inet') return text.split('.').map(Number);
  const [head = '', tail] = text
    .replace(/\d+\.\d+\.\d+\.\d+$/, (quad) => {
      const [a, b, c, d] = quad.split('.').map(Number) as [number, number, number, number];
      return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    })
    .split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const [front, back] = [groups(head), groups(tail ?? '')];
  const all = [...front, ...new Array(8 - front.length - back.length).fill('0'), ...back];
  return all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}

function socketOf(record: InetDiagMsg): Socket {
  const { family, state, protocol, sport, dport, ifindex } = record;
  return {
    family,
    state: state === 'CLOSE' && protocol === 'tcp' ? 'BOUND_INACTIVE' : state,
    src: bytesOfAddress(record.src, family),
    sport,
    dst: bytesOfAddress(record.dst, family),
    dport,
    ifindex,
    mark: record.mark ?? 0,
    cgroup: BigInt(record.cgroupId ?? 0),
    auto: false,
  };
}

describe.skipIf(lackOfWorld())('live', () => {
  let world: World;
  /** Those that were there all the time, by cookie. */
  let sockets: Map<string, Socket>;

  beforeAll(async () => {
    world = await startWorld();
  });

  afterAll(async () => {
    await world?.stop();
  });

  async function everything(): Promise<Map<string, Socket>> {
    const all = new Map<string, Socket>();
    for (const protocol of PROTOCOLS) {
      for await (const record of protocol.all({ netns: world.pid, states: SOCKET_STATES })) {
        all.set(record.cookie, socketOf(record));
      }
    }
    return all;
  }

  /** The cookies of the sockets that the kernel lets through. */
  function ask(divided: Plan): Set<string> {
    const cookies = new Set<string>();
    const requests = PROTOCOLS.flatMap(({ number }) =>
      [2, 10].map((family) => requestOf(divided, family, number)),
    );
    const reader = new (loadBinding().Reader)(requests, `/proc/${world.pid}/ns/net`);
    for (;;) {
      const { failure, buffer, index = 0, records, finished } = reader.nextSync();
      if (failure !== undefined) throw Object.assign(new Error('the kernel refuses it'), failure);
      if (buffer !== undefined) {
        const memory = new BatchMemory(buffer);
        let row = index;
        for (let i = 0; i < records; i++) {
          cookies.add(readCookie(memory, (memory.words[row] as number) + 44));
          row += 2 + (memory.words[row + 1] as number);
        }
      }
      if (finished) return cookies;
    }
  }

  const raw = (program: Uint8Array): Plan => ({ ...plan(and()), program });

  /** Sockets of TIME_WAIT are made anew now and then: only those count that are there before and after. */
  async function agrees(divided: Plan, expected: (socket: Socket) => boolean): Promise<number> {
    const answer = ask(divided);
    const wrong = [...sockets].filter(([cookie, socket]) => expected(socket) !== answer.has(cookie));
    if (wrong.length > 0) {
      const still = await everything();
      expect(wrong.filter(([cookie]) => still.has(cookie))).toEqual([]);
    }
    return answer.size;
  }

  const stockOf = (): Stock => {
    const all = [...sockets.values()];
    const unique = <T>(values: T[], key: (value: T) => string): T[] => [
      ...new Map(values.map((value) => [key(value), value])).values(),
    ];
    return {
      ports: unique(
        all.flatMap(({ sport, dport }) => [sport, dport]),
        String,
      ),
      addresses: unique(
        all.flatMap(({ src, dst }) => [src, dst]),
        String,
      ),
      devices: unique(
        all.map(({ ifindex }) => ifindex),
        String,
      ),
      marks: unique(
        all.map(({ mark }) => mark),
        String,
      ),
      cgroups: unique(
        all.map(({ cgroup }) => cgroup),
        String,
      ),
      auto: false,
    };
  };

  test('what the kernel lets through is what was foreseen, for some hundred filters', async () => {
    sockets = await everything();
    expect(sockets.size).toBeGreaterThan(50);
    const stock = stockOf();
    const dice = new Dice(7);
    let some = 0;
    for (let i = 0; i < 200; i++) {
      if (i % 40 === 39) sockets = await everything();
      const expression = randomExpression(dice, stock, 1 + dice.below(3));
      const divided = plan(expression, { features: { eq: !dice.once(4) } });
      if (divided.never) continue;
      const size = await agrees(divided, (socket) => passes(divided, socket));
      if (size > 0 && size < sockets.size) some++;
      for (const socket of sockets.values()) {
        const { remainder } = divided;
        const taken = passes(divided, socket) && (remainder === undefined || meets(remainder, socket));
        expect(taken).toBe(meets(expression, socket));
      }
    }
    expect(some).toBeGreaterThan(80);
  });

  test('long programs are taken', async () => {
    sockets = await everything();
    const filters = [
      plan(or(...Array.from({ length: 5000 }, (_, i) => port('src', '=', 1 + 2 * i)))),
      plan(or(...Array.from({ length: 5000 }, (_, i) => port('src', '=', 30_001 + 2 * i)))),
      plan(
        or(
          ...Array.from({ length: 3276 }, (_, i) =>
            host('src', { addresses: [prefix(32, 127, i >> 8, i & 255, 1)] }),
          ),
        ),
      ),
    ];
    for (const divided of filters) {
      expect((divided.program as Uint8Array).length).toBeGreaterThan(20_000);
      await agrees(divided, (socket) => passes(divided, socket));
    }
  });

  test.each(REFUSED)('the kernel refuses: %s', (_, hex) => {
    expect(() => ask(raw(bytesOf(hex)))).toThrow(expect.objectContaining({ kind: 'kernel', errno: 22 }));
  });

  test.each(ODD)('the kernel takes, and reads as foreseen: %s', async (_, hex) => {
    const program = bytesOf(hex);
    sockets = await everything();
    await agrees(raw(program), (socket) => run(program, socket));
  });

  test('a port is either given by the kernel or chosen', async () => {
    sockets = await everything();
    const given = ask(plan(AUTOBOUND));
    const chosen = ask(plan(not(AUTOBOUND)));
    expect(given.size).toBeGreaterThan(0);
    expect(chosen.size).toBeGreaterThan(0);
    const still = await everything();
    for (const cookie of sockets.keys()) {
      if (still.has(cookie)) expect(given.has(cookie)).toBe(!chosen.has(cookie));
    }
  });

  test('sockets that are bound and no more are not lost by ports in the header', async () => {
    sockets = await everything();
    const bound = [...sockets].find(([, { state }]) => state === 'BOUND_INACTIVE') as [string, Socket];
    const [cookie, { sport }] = bound;
    const answer = ask(plan(and(state('BOUND_INACTIVE'), port('src', '=', sport))));
    expect(answer.has(cookie)).toBe(true);
    expect(answer.size).toBeLessThan(3);
  });
});

test('the id of a cgroup is the inode number of its directory', (context) => {
  const mount = cgroupMount();
  const path = `/sockdiag-plan-test-${process.pid}`;
  const directory = join(mount ?? '', path);
  try {
    if (mount === undefined) throw new Error('there is no cgroup v2');
    mkdirSync(directory);
  } catch (error) {
    if (skip(`no cgroup can be made: ${(error as Error).message}`)) context.skip();
  }
  try {
    const { ino } = statSync(directory, { bigint: true });
    expect(cgroupId(path)).toBe(ino);
    expect(cgroupId(`${path}/`)).toBe(ino);
    expect(cgroupId(`${path}/none`)).toBeUndefined();
    expect(cgroupId(`${path}/cgroup.procs`)).toBeUndefined();
    const { program, remainder } = plan({ kind: 'cgroup', equality: '=', cgroup: path });
    expect(remainder).toBeUndefined();
    expect(run(program as Uint8Array, { ...SOCKET, cgroup: ino })).toBe(true);
  } finally {
    rmdirSync(directory);
  }
});
