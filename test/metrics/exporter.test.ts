/** `sockdiag exporter`: what it answers, and what those who mean no good cannot do to it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { Crowd, MANY } from '../../lib/cli/exporter/crowd.js';
import { MetricsServer } from '../../lib/cli/exporter/server.js';
import { lackOf, lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { Exporting, KNOWN_SOCKETS, KNOWN_STATES, samplesOf } from './exporting.js';

const COMMAND = 'dist/cli/main.js';

let exporter: Exporting;
afterEach(async () => {
  await exporter?.end();
});

/** A connection of its own, and all that came by it. */
class Line {
  readonly socket: Socket;
  text = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      this.text += text;
    });
    // It is closed in the midst of what is written.
    this.socket.on('error', () => undefined);
  }

  async say(text: string): Promise<string> {
    this.socket.write(text);
    await closed(this.socket);
    return this.text;
  }
}

/** However it ends. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

describe('what it answers', () => {
  beforeEach(async () => {
    exporter = await Exporting.start();
  });

  test('metrics, in the form that is asked for', async () => {
    const plain = await fetch(`${exporter.url}/metrics`);
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await plain.text()).toMatch(/^# HELP sockdiag_sockets .*\n# TYPE sockdiag_sockets gauge\n/);
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
    const open = await fetch(`${exporter.url}/metrics`, { headers: { accept } });
    expect(open.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    expect(await open.text()).toMatch(/\n# EOF\n$/);
  });

  test('and packed, if that is wanted', async () => {
    const request = get(`${exporter.url}/metrics`, { headers: { 'accept-encoding': 'gzip' } });
    const [response] = await once(request, 'response');
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(Buffer.concat(parts)).toString()).toContain('\nsockdiag_dump_success{dump="tcp"} 1\n');
  });

  test('of itself, too', async () => {
    const text = await exporter.metrics();
    expect(samplesOf(text, 'sockdiag_build_info')).toEqual({ '{version="0.1.0"}': 1 });
    const [memory] = Object.values(samplesOf(text, 'process_resident_memory_bytes'));
    expect(memory).toBeGreaterThan(1e7);
    const [start] = Object.values(samplesOf(text, 'process_start_time_seconds'));
    expect(Math.abs((start as number) - Date.now() / 1000)).toBeLessThan(60);
  });

  test.each([
    ['GET', '/-/healthy', 200],
    ['HEAD', '/-/healthy', 200],
    ['GET', '/', 200],
    ['HEAD', '/metrics', 200],
    ['GET', '/metrics?a=b', 200],
    ['GET', '/metrics/', 404],
    ['GET', '/metrics/../etc/passwd', 404],
    ['GET', '/%2e%2e/metrics', 404],
    ['GET', '//metrics', 404],
    ['GET', '/favicon.ico', 404],
    ['POST', '/metrics', 405],
    ['DELETE', '/', 405],
  ])('%s %s is %i', async (method, path, status) => {
    const line = new Line(exporter.port);
    const text = await line.say(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (method === 'HEAD') expect(text).toMatch(/\r\n\r\n$/);
  });

  test('to several at once, by one reading', async () => {
    const texts = await Promise.all(Array.from({ length: 10 }, () => exporter.metrics()));
    const times = texts.flatMap((text) =>
      Object.values(samplesOf(text, 'sockdiag_scrape_timestamp_seconds')),
    );
    expect(times).toHaveLength(10);
    // Those who come while it reads share that; the reading is short, and who comes late has another one.
    expect(new Set(times).size).toBeLessThan(10);
  });
});

test('an interval has the same answer given again', async () => {
  exporter = await Exporting.start('--interval', '3600');
  const timeOf = async (): Promise<unknown> =>
    samplesOf(await exporter.metrics(), 'sockdiag_scrape_timestamp_seconds');
  expect(await timeOf()).toEqual(await timeOf());
});

test.skipIf(lackOf('strace'))(
  'what the kernel does not answer in time is left out, and that is told',
  async () => {
    // Longer than a test may take.
    const slowly = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=recvmsg:delay_enter=300s'];
    exporter = await Exporting.startBy(slowly, '-t', '-u', '--timeout', '0.2');
    try {
      const text = await exporter.metrics();
      const both = (value: number): Record<string, number> => ({
        '{dump="tcp"}': value,
        '{dump="udp"}': value,
      });
      expect(samplesOf(text, 'sockdiag_dump_cut')).toEqual(both(1));
      expect(samplesOf(text, 'sockdiag_dump_success')).toEqual(both(0));
      expect(text).not.toContain('sockdiag_sockets');
      expect(exporter.stderr).toContain(
        'tcp sockets are left out: there is no time left to read them (--timeout)',
      );
      expect((await fetch(`${exporter.url}/-/healthy`)).status).toBe(200);
    } finally {
      process.kill(-(exporter.child.pid as number), 'SIGKILL');
    }
  },
);

test('what cannot be read is an error of the server, and is complained of', async () => {
  const complaints: string[] = [];
  const server = new MetricsServer({
    read: async () => {
      throw new Error('nothing is to be read');
    },
    complain: (message) => complaints.push(message),
  });
  const url = await server.listen('::1', 0);
  try {
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+\/metrics$/);
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([500, 'nothing is to be read\n']);
    expect(complaints).toEqual(['nothing is to be read']);
  } finally {
    await server.close();
  }
});

test('of many, two readers have a part each, from the second time on', () => {
  const seen = (sockets: number, processors: number, dump = 'tcp'): number => {
    const crowd = new Crowd(processors);
    expect(crowd.parts).toBe(1);
    crowd.see({
      dumps: [
        { dump: 'unix', sockets: 5 },
        { dump, sockets },
      ],
    } as never);
    return crowd.parts;
  };
  expect([seen(MANY, 2), seen(MANY - 1, 2), seen(MANY, 1), seen(MANY, 2, 'udp')]).toEqual([2, 1, 1, 1]);
  const crowd = new Crowd(8);
  crowd.see({ dumps: [{ dump: 'tcp', sockets: MANY }] } as never);
  crowd.see({ dumps: [{ dump: 'tcp', sockets: 3 }] } as never);
  expect(crowd.parts).toBe(1);
});

test('the ends of sockets are counted where it is asked for', async () => {
  exporter = await Exporting.start('-E');
  const ended = async (): Promise<number> =>
    samplesOf(await exporter.metrics(), 'sockdiag_closed_sockets_total')[
      '{family="inet",protocol="tcp"}'
    ] as number;
  const before = await ended();
  const line = new Line(exporter.port);
  await line.say('GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  while ((await ended()) <= before) await sleep(20);
  await exporter.end();
  exporter = await Exporting.start();
  expect(await exporter.metrics()).not.toContain('sockdiag_closed');
});

describe('those who mean no good', () => {
  beforeEach(async () => {
    exporter = await Exporting.start();
  });
  const isWell = async (): Promise<void> => {
    expect(await exporter.metrics()).toContain('\nsockdiag_dump_success{dump="tcp"} 1\n');
    expect(exporter.child.exitCode).toBeNull();
  };

  /** The connection is closed while more comes, and the answer may be lost by that. */
  const REFUSED = /^(HTTP\/1.1 431 |$)/;

  test.each([
    ['headers without an end', `GET /metrics HTTP/1.1\r\n${'A: b\r\n'.repeat(20_000)}`, REFUSED],
    ['a header of a megabyte', `GET /metrics HTTP/1.1\r\nA: ${'b'.repeat(1e6)}\r\n\r\n`, REFUSED],
    ['a path of a megabyte', `GET /${'b'.repeat(1e6)} HTTP/1.1\r\nHost: a\r\n\r\n`, REFUSED],
    ['no HTTP at all', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n', /^HTTP\/1.1 400 /],
    ['no host', 'GET /metrics HTTP/1.1\r\n\r\n', /^HTTP\/1.1 400 /],
    [
      'two lengths of a body',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1.1 400 /,
    ],
    [
      'a body without an end',
      `POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n${'b'.repeat(100_000)}`,
      /^HTTP\/1.1 405 /,
    ],
  ])('%s', async (_what, text, answer) => {
    expect(await new Line(exporter.port).say(text)).toMatch(answer);
    await isWell();
  });

  test('clients that are slow, and that never end', async () => {
    const lines = Array.from({ length: 100 }, () => new Line(exporter.port));
    for (const line of lines) line.socket.write('GET /metrics HT');
    await Promise.all(Array.from({ length: 10 }, isWell));
    for (const line of lines) line.socket.write('TP/1.1\r\nHo');
    // None of them keeps its connection.
    await Promise.all(lines.map(({ socket }) => closed(socket)));
    expect(new Set(lines.map(({ text }) => text.split('\r\n', 1)[0]))).toEqual(
      new Set(['HTTP/1.1 408 Request Timeout']),
    );
    await isWell();
  });

  test('clients that ask and do not listen', async () => {
    const lines = Array.from({ length: 20 }, () => new Line(exporter.port));
    for (const { socket } of lines) {
      socket.pause();
      socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500));
    }
    await isWell();
    for (const { socket } of lines) socket.destroy();
    await isWell();
  });

  test('more connections than it takes', async () => {
    const lines = Array.from({ length: 400 }, () => new Line(exporter.port));
    await Promise.all(lines.map(({ socket }) => once(socket, 'connect')));
    // Those above the limit are closed, and with them gone there is room again.
    while (lines.filter(({ socket }) => socket.closed).length < 400 - 256) await sleep(20);
    expect(lines.filter(({ socket }) => socket.closed)).toHaveLength(400 - 256);
    for (const { socket } of lines) socket.destroy();
    while (!(await exporter.metrics().then(Boolean, () => false))) await sleep(50);
    await isWell();
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it, when all is answered', async (signal) => {
  exporter = await Exporting.start();
  const idle = new Line(exporter.port);
  await once(idle.socket, 'connect');
  const answers = Promise.all(Array.from({ length: 10 }, () => exporter.metrics()));
  const settled = answers.then(
    (texts) => texts.every((text) => text.includes('sockdiag_scrape_seconds')),
    // Those that it had not accepted yet.
    (error: Error) => error.message === 'fetch failed',
  );
  // They are under way, as far as one can know.
  await sleep(5);
  const { code, signal: by } = await exporter.end(signal);
  expect({ code, by }).toEqual({ code: 0, by: null });
  expect(await settled).toBe(true);
});

test('somebody else at its port is an error in one line', async () => {
  exporter = await Exporting.start();
  const words = [COMMAND, 'exporter', '--port', String(exporter.port)];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 30_000 });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `sockdiag: listen EADDRINUSE: address already in use 127.0.0.1:${exporter.port}\n`,
  });
});

test.each([
  ['--port 65536', "--port is '65536', but must be a whole number from 0 to 65535"],
  ['--port x', "--port is 'x', but must be a whole number from 0 to 65535"],
  ['--limit 0', "--limit is '0', but must be a whole number from 1 to 10000"],
  [
    '--labels port',
    "--labels has 'port', but there is only local_port, remote_network, owner, netns, cgroup",
  ],
  ['--show cong', "--show has 'cong', but there is only info, skmeminfo"],
  ['--interval -1', /interval/],
  ['--interval=x', "--interval is 'x', but must be a number of seconds from 0 to 86400"],
  ['--timeout 0', "--timeout is '0', but must be a number of seconds from 0.1 to 86400"],
  ['--net a,,b', "--net is 'a,,b', but must be names with commas between them, or all"],
  ['-E --net a', '--events and --net do not go together'],
  ['--json', 'exporter does not go with --json'],
  ['-p', 'exporter does not go with --processes'],
  ['dport = x', "found 'x', but expected a port"],
])('exporter %s makes no sense', (words, told) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'exporter', ...words.split(' ')], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^sockdiag: .*\n$/);
  if (typeof told === 'string') expect(stderr).toContain(told);
  else expect(stderr).toMatch(told);
});

test.each([['--address 127.0.0.1'], ['--port 9532'], ['--labels netns'], ['--limit 5'], ['--show info']])(
  '%s is for exporter alone',
  (words) => {
    const { status, stderr } = spawnSync(process.execPath, [COMMAND, ...words.split(' ')], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(status).toBe(2);
    expect(stderr).toContain("goes with 'sockdiag exporter' only");
  },
);

test.skipIf(lackOfWorld() || lackOf('strace'))(
  'many TCP sockets are read in parts, and are as many',
  async () => {
    const stage = await Stage.open();
    // What is left of a connection takes no descriptor, and each address of a listener has ports of its own.
    const [addresses, each] = [4, MANY / 4 + 100];
    await stage.run(`
    crowd = [listener('127.0.0.%d' % i, 80, backlog=64) for i in range(1, ${addresses + 1})]
    for one in crowd:
        for _ in range(${each}):
            for end in connection(one, one.getsockname()[0]): end.close()
  `);
    const inside = ['nsenter', `--net=/proc/${stage.pid}/ns/net`];
    exporter = await Exporting.startBy([...inside, 'strace', '-f', '-qq', '-e', 'trace=sendto'], '-t', '-a');
    try {
      const script = `fetch('${exporter.url}/metrics').then((answer) => answer.text()).then(console.log)`;
      const asking = [`--net=/proc/${stage.pid}/ns/net`, process.execPath, '-e', script];
      const asked: number[] = [];
      for (let i = 0; i < 3; i++) {
        const before = exporter.stderr.length;
        const { stdout } = spawnSync('nsenter', asking, { encoding: 'utf8' });
        const states = samplesOf(stdout, 'sockdiag_sockets');
        expect(states['{family="inet",protocol="tcp",state="TIME_WAIT"}']).toBeGreaterThanOrEqual(
          addresses * each,
        );
        // What was written meanwhile comes by the next turns.
        await sleep(100);
        const told = exporter.stderr.slice(before).split('\n');
        asked.push(told.filter((line) => line.includes('NLM_F_DUMP')).length);
      }
      expect(asked).toEqual([1, 3, 3]);
    } finally {
      process.kill(-(exporter.child.pid as number), 'SIGKILL');
      await stage.close();
    }
  },
);

describe.skipIf(lackOfWorld())('of other namespaces', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.run(KNOWN_SOCKETS);
  });
  afterAll(() => stage.close());

  const statesIn = (text: string, labels = ''): Record<string, number> =>
    Object.fromEntries(
      Object.entries(samplesOf(text, 'sockdiag_sockets')).flatMap(([written, count]) => {
        const [, state] = new RegExp(`protocol="tcp"${labels},state="(\\w+)"`).exec(written) ?? [];
        return state === undefined ? [] : [[state, count]];
      }),
    );

  test('it counts what is there', async () => {
    exporter = await Exporting.start('--net', `/proc/${stage.pid}/ns/net`, '-4');
    expect(statesIn(await exporter.metrics())).toEqual(KNOWN_STATES);
  });

  test('one that is not there is missing, and that is told once', async () => {
    exporter = await Exporting.start('--net', '/nowhere/net', '-t');
    for (let i = 0; i < 2; i++) {
      const text = await exporter.metrics();
      expect(samplesOf(text, 'sockdiag_dump_success')).toEqual({ '{dump="tcp"}': 0 });
      expect(text).not.toContain('sockdiag_sockets');
    }
    expect(exporter.stderr.match(/\/nowhere\/net/g)).toHaveLength(1);
    expect((await fetch(`${exporter.url}/-/healthy`)).status).toBe(200);
  });

  test('all are those that there are when it is asked', async () => {
    exporter = await Exporting.start('--net', 'all', '--labels', 'netns', '-t');
    const inode = await stage.run<number>('import os\nresult = os.stat("/proc/self/ns/net").st_ino');
    expect(statesIn(await exporter.metrics(), `,netns="${inode}"`)).toEqual(KNOWN_STATES);
    const other = await Stage.open();
    const its = await other.run<number>(`
      import os, socket
      listener = socket.create_server(('127.0.0.1', 4001))
      result = os.stat('/proc/self/ns/net').st_ino
    `);
    const text = await exporter.metrics();
    await other.close();
    expect(statesIn(text, `,netns="${its}"`)).toEqual({ LISTEN: 1 });
    expect(statesIn(text, `,netns="${inode}"`)).toEqual(KNOWN_STATES);
  });

  test('a filter chooses, and the owners are a label', async () => {
    exporter = await Exporting.start(
      ...['--net', `/proc/${stage.pid}/ns/net`, '--labels', 'owner', '-t', 'sport = :4002'],
    );
    expect(samplesOf(await exporter.metrics(), 'sockdiag_sockets')).toEqual({
      '{family="inet",protocol="tcp",owner="python3",state="LISTEN"}': 1,
      '{family="inet",protocol="tcp",owner="python3",state="CLOSE_WAIT"}': 1,
    });
  });
});
