/** Each program of examples/ does what its first lines say. In a namespace of its own, with sockets to be told of. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { ended } from './children.js';
import { lackOfWorld } from './tools.js';
import { Stage } from './world/stage.js';

const FOLDER = join(import.meta.dirname, '../examples');

interface Told {
  status: number | null;
  lines: string[];
  complaint: string;
}

describe.skipIf(lackOfWorld())('examples', () => {
  let stage: Stage;
  const running: ChildProcessWithoutNullStreams[] = [];
  const tried = new Set<string>();
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => stage.close());

  function start(name: string, ...words: string[]): ChildProcessWithoutNullStreams {
    tried.add(name);
    const node = [process.execPath, join(FOLDER, name), ...words];
    const child = spawn('nsenter', [`--net=/proc/${stage.pid}/ns/net`, ...node]);
    running.push(child);
    return child;
  }

  /** One line after the other, as they come. */
  function linesOf(child: ChildProcessWithoutNullStreams): () => Promise<string> {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return async () => (await lines.next()).value as string;
  }

  async function run(name: string, ...words: string[]): Promise<Told> {
    const { status, output, complaint } = await ended(start(name, ...words));
    return { status, lines: output.split('\n').filter(Boolean), complaint };
  }

  /** Gets it, in the namespace: what is answered, and its status. */
  const get = (url: string) =>
    stage.run<[string, number]>(`
      import urllib.request
      with urllib.request.urlopen('${url}') as response:
          result = [response.read().decode(), response.status]`);

  test('http-rtt: each request with the RTT of its connection', async () => {
    const next = linesOf(start('http-rtt.mjs', '0'));
    const port = /"port":(\d+)/.exec(await next())?.[1];
    for (const path of ['/first', '/second']) {
      expect(await get(`http://127.0.0.1:${port}${path}`)).toEqual(['hello\n', 200]);
      expect(await next()).toMatch(new RegExp(`^GET ${path} rtt \\d+\\.\\d\\d ms retransmitted 0$`));
    }
  });

  test('accept-queue: the queue of the server, and its limit', async () => {
    const child = start('accept-queue.mjs', '0');
    const port = /"port":(\d+)/.exec(await linesOf(child)())?.[1];
    expect(await get(`http://127.0.0.1:${port}/healthz`)).toEqual(['{"waiting":0,"limit":511}\n', 200]);
    // While the server does nothing, connections wait; what it answers first, it answers with most of them waiting.
    child.kill('SIGSTOP');
    await stage.run(`
      waiting = [socket.create_connection(('127.0.0.1', ${port})) for _ in range(400)]
      waiting[0].sendall(b'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')`);
    child.kill('SIGCONT');
    const answer = await stage.run<string>(
      'waiting[0].settimeout(20); result = waiting[0].recv(1000).decode()',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (200|503) /);
    const [, waiting] = /"waiting":(\d+),"limit":511/.exec(answer) ?? [];
    expect(answer.includes(' 503 ')).toBe(Number(waiting) > 511 / 2);
    await stage.run('for one in waiting: one.close()');
  });

  test('who-holds-port: the processes, and nobody', async () => {
    const { port, pid, fd } = await stage.run<{ port: number; pid: number; fd: number }>(`
      held = listener('127.0.0.1')
      result = {'port': held.getsockname()[1], 'pid': os.getpid(), 'fd': held.fileno()}`);
    expect(await run('who-holds-port.mjs', `${port}`)).toEqual({
      status: 0,
      lines: [`tcp LISTEN 127.0.0.1:${port} python3 (pid ${pid}, descriptor ${fd})`],
      complaint: '',
    });
    await stage.run('held.close()');
    expect(await run('who-holds-port.mjs', `${port}`)).toEqual({
      status: 1,
      lines: [`nobody holds port ${port}`],
      complaint: '',
    });
    expect((await run('who-holds-port.mjs', 'http')).status).toBe(2);
  });

  test('close-host: the connections to it, and no others', async () => {
    await stage.run(`
      gates = [listener('127.0.0.1'), listener('127.0.0.2')]
      kept = [connection(gates[0], '127.0.0.1') for _ in range(3)]
      ended = []
      for _ in range(5):
          client = socket.create_connection(gates[1].getsockname(), source_address=('127.0.0.1', 0))
          ended.append((client, gates[1].accept()[0]))`);
    expect(await run('close-host.mjs', '127.0.0.2')).toEqual({
      status: 0,
      lines: ['5 connections closed'],
      complaint: '',
    });
    const errors = await stage.run(`
      error = lambda sock: sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
      result = [[error(client) for client, _ in pairs] for pairs in (kept, ended)]`);
    expect(errors).toEqual([
      [0, 0, 0],
      [103, 103, 103, 103, 103],
    ]);
    expect((await run('close-host.mjs', 'localhost')).status).toBe(2);
  });

  test('closed-connections: what each has transferred', async () => {
    const port = await stage.run<number>("gate = listener('127.0.0.1'); result = gate.getsockname()[1]");
    const child = start('closed-connections.mjs', `sport = :${port}`);
    const next = linesOf(child);
    const line = next();
    // It may not have subscribed yet: until it tells of one, there are more.
    let seen = '';
    while (seen === '') {
      await stage.run(`
        client, server = connection(gate, '127.0.0.1')
        client.sendall(b'x' * 1234); server.recv(1234, socket.MSG_WAITALL); server.sendall(b'y' * 77)
        client.recv(77, socket.MSG_WAITALL); client.close(); server.close()`);
      seen = await Promise.race([line, delay(200, '')]);
    }
    // The end of what the client sends counts as a byte.
    expect(seen).toMatch(
      new RegExp(
        `^127\\.0\\.0\\.1:${port} -> 127\\.0\\.0\\.1:\\d+ sent 77 received 1235 retransmitted 0 rtt \\d`,
      ),
    );
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  test('containers: the sockets of this one, and of the machine itself', async () => {
    await stage.run("extra = [listener('127.0.0.1') for _ in range(3)]");
    const { status, lines, complaint } = await run('containers.mjs');
    expect({ status, complaint }).toEqual({ status: 0, complaint: '' });
    const { ino } = statSync(`/proc/${stage.pid}/ns/net`);
    const own = lines.filter((line) => line.startsWith(`${ino} `));
    expect(own).toHaveLength(1);
    expect(own[0]).toMatch(new RegExp(`^${ino} python3 \\(pid ${stage.pid}\\): .*LISTEN \\d+`));
    expect(lines.some((line) => line.startsWith(`${statSync('/proc/self/ns/net').ino} `))).toBe(true);
  });

  test('none is left out', () => {
    const programs = readdirSync(FOLDER).filter((name) => name.endsWith('.mjs'));
    expect([...tried].sort()).toEqual(programs.sort());
  });
});
