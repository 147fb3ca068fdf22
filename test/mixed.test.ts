/** Dumps of TCP sockets for which the kernel walks over its table once, for both families. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { decode, dumpTcp, type TcpDiagMsg, type TcpDumpOptions } from '../lib/index.js';
import { askForNothing } from '../lib/inet/dump.js';
import { decodeTcp, TCP, tcpDump } from '../lib/inet/tcp.js';
import { type Asked, askKernel, isInvalid, isRefusal } from '../lib/netlink/live.js';
import { lackOf, lackOfWorld } from './tools.js';
import { Stage } from './world/stage.js';
import { run } from './world/world.js';

/** Without what runs on. */
const resting = ({ info: _info, expires: _expires, ...rest }: TcpDiagMsg): object => rest;

const identity = ({ family, cookie, state }: TcpDiagMsg): string => `${family} ${cookie} ${state}`;

describe.skipIf(lackOfWorld())('in a namespace', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(`
      import socket
      kept = []
      for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
          for port in (4001, 4002):
              listener = socket.create_server((host, port), family=family)
              kept.append(listener)
              for n in range(10):
                  client = socket.create_connection((host, port))
                  kept += [client, listener.accept()[0]]
      # Some wait in TIME_WAIT, and some are half closed.
      kept[1].close()
      kept[24].close()
      kept[3].shutdown(socket.SHUT_WR)
      both = socket.create_server(('', 4003), family=socket.AF_INET6, dualstack_ipv6=True)
      kept += [both, socket.create_connection(('127.0.0.1', 4003)), both.accept()[0]]
      bound = socket.socket()
      bound.bind(('127.0.0.1', 4004))
    `);
    // Until each end has heard of the other's.
    const moving = ['FIN_WAIT1', 'LAST_ACK', 'CLOSING'] as const;
    const isAtRest = () => [...dumpTcp({ netns: stage.pid, states: moving })].length === 0;
    await vi.waitUntil(isAtRest, { timeout: 10_000 });
  });
  afterAll(() => stage?.close());

  const wishes: TcpDumpOptions[] = [
    {},
    { show: ['info', 'cong', 'skmeminfo', 'ulpInfo'] },
    { states: ['LISTEN'] },
    { states: ['TIME_WAIT', 'FIN_WAIT2'] },
    { states: ['BOUND_INACTIVE'] },
    { filter: 'sport = :4001' },
    { filter: 'dst ::1 or src 127.0.0.1 and dport = :4002' },
    { filter: 'src [::ffff:127.0.0.1]' },
    { filter: 'dport != :4001 and state connected' },
    { consistent: true },
  ];

  test.each(wishes)('are of the same sockets as two walks: %o', async (wish) => {
    const options = { netns: stage.pid, ...wish };
    const mixed = await dumpTcp(options).toArray();
    const parted = [];
    for (const family of ['inet', 'inet6'] as const) {
      parted.push(...(await dumpTcp({ ...options, family }).toArray()));
    }
    expect(mixed.length).toBeGreaterThan(0);
    expect(mixed.map(identity).sort()).toEqual(parted.map(identity).sort());
    for (const socket of mixed) {
      const other = parted.find(({ cookie }) => cookie === socket.cookie) as TcpDiagMsg;
      expect(Object.keys(socket)).toEqual(Object.keys(other));
      expect(resting(socket)).toEqual(resting(other));
    }
    const inOrder = (await tcpDump(options, false).toArray()) as TcpDiagMsg[];
    expect(inOrder.map(identity)).toEqual(parted.map(identity));
    expect([...dumpTcp(options)].map(identity)).toEqual(mixed.map(identity));
  });

  test('can be recorded', async () => {
    const parts: Uint8Array[] = [];
    for await (const part of dumpTcp({ netns: stage.pid }).raw()) parts.push(part);
    const live = await dumpTcp({ netns: stage.pid }).toArray();
    const recorded = (await decode(Buffer.concat(parts)).toArray()) as TcpDiagMsg[];
    expect(recorded.map(resting)).toEqual(live.map(resting));
  });

  describe.skipIf(lackOf('strace'))('under strace', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockdiag-mixed-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    async function requestsOf(options: string): Promise<string[]> {
      const log = join(folder, 'log');
      const script = `import { dumpTcp } from './dist/index.js'; await dumpTcp(${options}).toArray();`;
      const strace = ['-f', '-qq', '-e', 'trace=sendto', '-e', 'signal=none', '-o', log];
      await run(stage.pid, 'strace', [...strace, process.execPath, '--input-type=module', '-e', script]);
      const lines = readFileSync(log, 'latin1').split('\n');
      return lines.filter((line) => line.includes('NLM_F_DUMP'));
    }

    test('are one request', async () => {
      const requests = await requestsOf('{ filter: "sport = :4001" }');
      expect(requests).toHaveLength(1);
      expect(requests[0]).toContain('TCPDIAG_GETSOCK');
    });

    test.each([
      ['of one family', '{ family: "inet" }', 1],
      ['with more than old kernels know', '{ show: ["skBpfStorages"] }', 2],
    ])('are not %s', async (_what, options, count) => {
      const requests = await requestsOf(options);
      expect(requests).toHaveLength(count);
      for (const request of requests) expect(request).toContain('SOCK_DIAG_BY_FAMILY');
    });
  });

  test('a kernel that refuses it is asked for each family', async () => {
    const subject = { sockets: 'sockets', family: { module: 'm', option: 'o' } };
    const asked = (type: number): Asked[] => [
      { request: { type, family: 0, headerLength: 72, payload: new Uint8Array(60) }, subject },
    ];
    const never = () => {
      throw new Error('it is not asked');
    };
    const rest = { decode: decodeTcp, known: TCP.known };
    // The first is of no type that there is, and the last one is right.
    const dump = askKernel({ asked: asked(99), ...rest }, { netns: stage.pid }, [
      { isFor: isRefusal, question: () => ({ asked: asked(98), ...rest }) },
      { isFor: isInvalid, question: () => ({ asked: asked(18), ...rest }) },
      { isFor: isRefusal, question: never },
    ]);
    expect(await dump.toArray()).toEqual([]);
    const refused = askKernel({ asked: asked(99), ...rest }, { netns: stage.pid });
    await expect(refused.toArray()).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

test('what asks for nothing asks for one family each', () => {
  expect(() => askForNothing(undefined, TCP, {})).not.toThrow();
});
