/** Debian's Prometheus scrapes the exporter, and tells what is known of the sockets by its own interface. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freePort } from '../children.js';
import { lackOf, lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { Exporting, KNOWN_SOCKETS, KNOWN_STATES } from './exporting.js';

/** Milliseconds; it takes two seconds to start, on a machine with nothing else to do. */
const PATIENCE = 60_000;

interface Answer {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

describe.skipIf(lackOfWorld() || lackOf('prometheus', 'promtool'))('Prometheus', () => {
  let stage: Stage;
  let exporter: Exporting;
  let prometheus: ChildProcess;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(KNOWN_SOCKETS);
    exporter = await Exporting.start('--net', `/proc/${stage.pid}/ns/net`, '--labels', 'local_port,netns');
    folder = mkdtempSync(join(tmpdir(), 'sockdiag-prometheus-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    prometheus = start(folder, port, exporter.port);
    await until(async () => (await query('sockdiag_scrape_seconds')).length > 0);
  }, PATIENCE);
  afterAll(async () => {
    const ended = once(prometheus, 'exit');
    prometheus.kill();
    await ended;
    await exporter.end();
    await stage.close();
    rmSync(folder, { recursive: true });
  });

  async function query(expression: string): Promise<Answer[]> {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { status, data, error } = (await response.json()) as {
      status: string;
      data: { result: Answer[] };
      error?: string;
    };
    if (status !== 'success') throw new Error(error);
    return data.result;
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE;
    while (!(await isSo().catch(() => false))) {
      if (performance.now() > end) throw new Error(`Prometheus does not have it: ${exporter.stderr}`);
      await sleep(100);
    }
  }

  /** Values by one label. */
  async function byLabel(label: string, expression: string): Promise<Record<string, number>> {
    const answers = await query(expression);
    return Object.fromEntries(answers.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])]));
  }

  test('scrapes it without complaint', async () => {
    expect(await byLabel('job', 'up')).toEqual({ sockdiag: 1 });
    expect(await byLabel('dump', 'sockdiag_dump_success')).toEqual({ tcp: 1, udp: 1, unix: 1 });
    const response = await fetch(`${url}/api/v1/targets`);
    const { data } = (await response.json()) as { data: { activeTargets: { lastError: string }[] } };
    expect(data.activeTargets.map(({ lastError }) => lastError)).toEqual(['']);
  });

  test('knows the states of the sockets', async () => {
    const states = 'sum by (state) (sockdiag_sockets{protocol="tcp"})';
    expect(await byLabel('state', states)).toEqual(KNOWN_STATES);
    expect(await byLabel('protocol', 'sum by (protocol) (sockdiag_sockets{family="inet"})')).toEqual({
      tcp: Object.values(KNOWN_STATES).reduce((all, one) => all + one, 0),
      udp: 1,
    });
    expect(
      await byLabel('local_port', 'sum by (local_port) (sockdiag_sockets{state=~"LISTEN|CLOSE_WAIT"})'),
    ).toMatchObject({ 4001: 1, 4002: 2 });
  });

  test('knows the accept queues', async () => {
    const ip = '{family="inet"}';
    expect(await byLabel('port', `sockdiag_accept_queue_connections${ip}`)).toEqual({ 4001: 3, 4002: 0 });
    expect(await byLabel('port', `sockdiag_accept_queue_limit_connections${ip}`)).toEqual({
      4001: 3,
      4002: 7,
    });
    // The kernel takes one more than the limit.
    expect(await byLabel('family', `sockdiag_accept_queues_full${ip}`)).toEqual({ inet: 0 });
    await stage.run('waiting.append(socket.create_connection(("127.0.0.1", 4001)))\nresult = None');
    await until(async () => (await byLabel('family', `sockdiag_accept_queues_full${ip}`))['inet'] === 1);
    expect(await byLabel('port', `sockdiag_accept_queue_connections${ip} > 3`)).toEqual({ 4001: 4 });
  });

  test('has the histograms as such', async () => {
    const quantile = 'histogram_quantile(0.5, sum by (le) (sockdiag_tcp_rtt_seconds_bucket))';
    const [median] = await query(quantile);
    expect(Number(median?.value[1])).toBeGreaterThan(0);
    expect(Number(median?.value[1])).toBeLessThan(1);
    const response = await fetch(`${url}/api/v1/metadata?metric=sockdiag_tcp_rtt_seconds`);
    const { data } = (await response.json()) as { data: Record<string, { type: string; unit: string }[]> };
    expect(data['sockdiag_tcp_rtt_seconds']).toMatchObject([{ type: 'gaugehistogram' }]);
  });

  test('and its promtool has nothing against the other format', async () => {
    const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let told = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        told += text;
      });
    }
    child.stdin.end(await exporter.metrics());
    const [code] = await once(child, 'close');
    expect({ code, told }).toEqual({ code: 0, told: '' });
  });
});

function start(folder: string, port: number, target: number): ChildProcess {
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'sockdiag', static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
  };
  const file = join(folder, 'prometheus.yml');
  // What is JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  return spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
}
