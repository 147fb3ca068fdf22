/** What is seen of a socket at a glance is what its record has. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { dumpTcp, dumpUdp } from '../../lib/index.js';
import { summarize } from '../../lib/metrics/index.js';
import { shown } from '../../lib/netlink/dump.js';
import { lackOfWorld } from '../tools.js';
import { Stage } from '../world/stage.js';
import { KNOWN_SOCKETS } from './exporting.js';

const FIELDS = [
  ...['family', 'protocol', 'state', 'src', 'sport', 'dst', 'rqueue', 'wqueue', 'inode', 'cgroupId'],
  ...['netns', 'owners'],
] as const;
const INFO = ['rtt', 'sndCwnd', 'deliveryRate', 'bytesSent', 'bytesRetrans'] as const;
const MEMINFO = ['rmemAlloc', 'fwdAlloc', 'wmemQueued', 'optmem', 'backlog', 'drops'] as const;

type Fields = Record<string, unknown>;

const chosen = (fields: readonly string[], from: object | undefined): Fields | undefined =>
  from && Object.fromEntries(fields.map((field) => [field, (from as Fields)[field]]));

const seenOf = (socket: object): Fields => {
  const { info, skmeminfo } = socket as { info?: object; skmeminfo?: object };
  return { ...chosen(FIELDS, socket), info: chosen(INFO, info), skmeminfo: chosen(MEMINFO, skmeminfo) };
};

async function seen(dump: Parameters<typeof shown>[0], use: 'records' | 'glances'): Promise<Fields[]> {
  const all: Fields[] = [];
  const see = (socket: unknown): void => {
    all.push(seenOf(socket as object));
  };
  for await (const _ of shown(dump, see, use).batches());
  return all;
}

describe.skipIf(lackOfWorld())('in a namespace', () => {
  let stage: Stage;
  let netns: string;
  beforeAll(async () => {
    stage = await Stage.open();
    netns = `/proc/${stage.pid}/ns/net`;
    await stage.run(`${KNOWN_SOCKETS}
six = socket.create_server(('::1', 4006), family=socket.AF_INET6)
dual = socket.socket(socket.AF_INET6)
dual.bind(('::', 4007))
dual.listen()
more = [socket.create_connection(('::1', 4006)), socket.create_connection(('127.0.0.1', 4007))]
more[0].send(b'hello')
result = None`);
    // What was closed is not yet acknowledged: until then, they change.
    const isClosing = async () => (await dumpTcp({ netns, states: ['FIN_WAIT1'] }).toArray()).length > 0;
    await vi.waitUntil(async () => !(await isClosing()), { timeout: 20_000, interval: 100 });
  });
  afterAll(() => stage.close());

  test.each([
    ['TCP, with all that is looked at', () => dumpTcp({ netns, show: ['info', 'skmeminfo'] }), 16],
    ['TCP, with nothing', () => dumpTcp({ netns }), 16],
    ['TCP, with more than that', () => dumpTcp({ netns, show: ['cong', 'info', 'meminfo', 'ulpInfo'] }), 16],
    ['TCP, twice', () => dumpTcp({ netns, consistent: true, show: ['info'] }), 16],
    ['with owners', () => dumpTcp({ netns, owners: true }), 16],
    ['of several namespaces', () => dumpTcp({ netns: [netns] }), 16],
    ['filtered by the kernel', () => dumpTcp({ netns, filter: 'sport = :4001', show: ['info'] }), 4],
    // Of states the kernel is asked, and of the rest the record.
    ['filtered here', () => dumpTcp({ netns, filter: 'dport = :4007 or state listening' }), 5],
    ['UDP', () => dumpUdp({ netns, show: ['skmeminfo'] }), 1],
  ])('%s', async (_what, dump, least) => {
    const records = await seen(dump(), 'records');
    expect(records.length).toBeGreaterThanOrEqual(least);
    const sorted = (all: Fields[]): string[] => all.map((one) => JSON.stringify(one)).sort();
    expect(sorted(await seen(dump(), 'glances'))).toEqual(sorted(records));
  });

  test('somebody else\u2019s label gets whole records, and the same sum comes of it', async () => {
    const dump = dumpTcp({ netns, show: ['info', 'skmeminfo'] });
    const congestion = { name: 'mine', of: (record: object) => String('expires' in record) };
    const [glances, records] = await Promise.all([
      summarize(dump, { labels: ['local_port'] }),
      summarize(dump, { labels: ['local_port', congestion] }),
    ]);
    const withoutMine = JSON.stringify(records).replaceAll(',"mine":"true"', '');
    expect(JSON.stringify(records)).toContain('"mine":"true"');
    expect(withoutMine).toBe(JSON.stringify(glances));
  });
});
