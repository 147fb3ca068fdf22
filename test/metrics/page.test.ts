/** The programs of docs/metrics.md do what the page says, and its links lead somewhere. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { ended, freePort } from '../children.js';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
const samples = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code);

const running: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

// Something that there is to be told of: a listener, and a connection over which something went.
const listener = createServer((socket) => socket.write('hello'));
let port = 0;
let client: Socket;
beforeAll(async () => {
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  ({ port } = listener.address() as AddressInfo);
  client = connect(port, '127.0.0.1');
  await once(client, 'data');
});
afterAll(() => {
  client.destroy();
  listener.close();
});

/** The one that has these words in it. It runs as if it lay in the repository, where the packages are. */
function start(words: string, { change = (code: string) => code } = {}): ChildProcessWithoutNullStreams {
  const found = samples.filter((code) => code.includes(words));
  expect(found).toHaveLength(1);
  const child = spawn(process.execPath, ['--input-type=module', '-e', change(found[0] as string)], {
    cwd: ROOT,
  });
  running.push(child);
  return child;
}

async function outputOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  const { status, output, complaint } = await ended(child);
  expect({ status, complaint }).toEqual({ status: 0, complaint: '' });
  return output;
}

test('prom-client: the metrics of the process, and those of the sockets', async () => {
  const own = await freePort();
  const child = start("from 'prom-client'", { change: (code) => code.replace('9464', `${own}`) });
  let text: string | undefined;
  while (text === undefined) {
    expect(child.exitCode).toBeNull();
    text = await fetch(`http://127.0.0.1:${own}/metrics`).then(
      (response) => response.text(),
      () => delay(50, undefined),
    );
  }
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  expect(text).toMatch(new RegExp(`^sockdiag_listener_sockets\\{.*port="${own}".*\\} 1$`, 'm'));
  expect(text).toMatch(/^sockdiag_tcp_rtt_seconds_count\{.*\} \d+$/m);
});

test('OpenTelemetry: the instruments, when the reader asks', async () => {
  const child = start('MeterProvider', { change: (code) => `${code}\nawait provider.shutdown();` });
  const output = await outputOf(child);
  expect(output).toContain("name: 'system.network.connection.count'");
  expect(output).toContain("'network.connection.state': 'listen'");
  expect(output).toContain("name: 'sockdiag.tcp.rtt.bucket'");
});

test('expose: what was chosen, as OpenMetrics', async () => {
  const change = (code: string): string => code.replace(':443', `:${port}`);
  const output = await outputOf(start("format: 'openmetrics'", { change }));
  expect(output).toMatch(new RegExp(`^sockdiag_sockets\\{.*local_port="${port}",state="LISTEN"\\} 1$`, 'm'));
  expect(output).toMatch(/^# TYPE sockdiag_tcp_rtt_seconds gaugehistogram$/m);
  expect(output).toMatch(/^sockdiag_dump_success\{dump="tcp"\} 1$/m);
  expect(output).toMatch(/^# EOF$/m);
});

test('summarize: numbers', async () => {
  const output = await outputOf(start('await summarize('));
  expect(output).toMatch(/^inet LISTEN \d+$/m);
  expect(output).toMatch(new RegExp(`^127\\.0\\.0\\.1 ${port} 0 of 511 wait$`, 'm'));
  expect(output).toMatch(/^inet mean RTT 0\.\d+/m);
});

test('there is no program that is not tried', () => {
  expect(samples).toHaveLength(4);
});

test('links lead to files that there are', () => {
  const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
  expect(links).toContain('../examples/metrics');
  for (const link of links) expect(existsSync(join(ROOT, 'docs', link)), link).toBe(true);
});

test('the filter that it has for the ports of listeners is one', async () => {
  const words = [join(ROOT, 'dist/cli/main.js'), '-ta', 'sport < :32768'];
  const child = spawn(process.execPath, words, { cwd: ROOT });
  running.push(child);
  expect(await outputOf(child)).toMatch(/^State/);
});
