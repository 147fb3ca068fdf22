/** What is asked for is what is shown: each word of `show` sets its bit, as strace reads it, and brings its properties. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { dumpTcp, dumpUnix, type TcpShow } from '../lib/index.js';
import { lackOf, skip } from './tools.js';
import { type Printed, structure, traceIn } from './world/strace.js';

/** By the kernel's name of the attribute, which is the number of its bit and one. */
const BITS: Readonly<Record<string, string>> = {
  meminfo: 'MEMINFO',
  tos: 'TOS',
  // These two come with another's bit, as they have none of eight.
  tclass: 'TCLASS',
  classId: 'TCLASS',
  skmeminfo: 'SKMEMINFO',
};
const MPTCP_BITS: Readonly<Record<string, string>> = { ...BITS, info: 'INFO' };
const TCP_BITS: Readonly<Record<string, string>> = {
  ...MPTCP_BITS,
  md5sig: 'INFO',
  ulpInfo: 'INFO',
  // One bit for whichever it is.
  vegasinfo: 'VEGASINFO',
  dctcpinfo: 'VEGASINFO',
  bbrinfo: 'VEGASINFO',
  cong: 'CONG',
};

const bit = (name: string): string => `1<<(INET_DIAG_${name}-1)`;

interface Kind {
  dump: string;
  protocol: RegExp;
  bits: Readonly<Record<string, string>>;
}

const KINDS: Kind[] = [
  { dump: 'dumpTcp', protocol: /^IPPROTO_TCP$/, bits: TCP_BITS },
  { dump: 'dumpUdp', protocol: /^IPPROTO_UDP$/, bits: BITS },
  { dump: 'dumpUdpLite', protocol: /^IPPROTO_UDPLITE$/, bits: BITS },
  // The number does not fit: an attribute tells it, and this is no protocol's.
  { dump: 'dumpMptcp', protocol: /^0xfe/, bits: MPTCP_BITS },
];

/** Of the request, by their names; '' for one that is empty. */
function attributesOf([, , ...rest]: Printed[]): Record<string, Printed> {
  const attributes: Record<string, Printed> = {};
  let last = '';
  for (const part of (rest as unknown[]).flat(Number.POSITIVE_INFINITY) as Printed[]) {
    if (typeof part === 'string') attributes[last] = part;
    else {
      last = structure(part)['nla_type'] as string;
      attributes[last] = '';
    }
  }
  return attributes;
}

const MPTCP_ATTRIBUTE = { INET_DIAG_REQ_PROTOCOL: 'IPPROTO_MPTCP' };

/** The attribute for each descriptor, as strace prints bytes that it has no words for. */
function mapDescriptors(...descriptors: number[]): string {
  const attributes = descriptors.flatMap((descriptor) => [
    Buffer.from(new Uint16Array([8, 1]).buffer),
    Buffer.from(new Uint32Array([descriptor]).buffer),
  ]);
  return `"${Buffer.concat(attributes).toString('hex').replace(/../g, '\\x$&')}"`;
}

describe.skipIf(lackOf('strace'))('requests, as strace reads them', () => {
  /** What is sent by a dump with each of these options in turn. */
  async function requests(dump: string, options: readonly object[]): Promise<Printed[][]> {
    const { sent } = await traceIn(
      process.pid,
      `for (const options of ${JSON.stringify(options)})
         await sockdiag.${dump}({ family: 'inet', ...options }).toArray().catch(() => undefined);`,
    );
    expect(sent).toHaveLength(options.length);
    return sent;
  }

  const shownIn = (messages: Printed[][]): string[] =>
    messages.map(([, request]) => structure(request)['idiag_ext'] as string);

  test.each(KINDS)(
    '$dump: each word sets its bit, and nothing else does',
    async ({ dump, protocol, bits }) => {
      const words = Object.keys(bits);
      const each = words.map((word) => ({ show: [word] }));
      const sent = await requests(dump, [{}, { show: [] }, ...each, { show: words }]);
      const shown = shownIn(sent);
      const all = shown.pop()?.split('|') ?? [];
      expect(shown).toEqual(['0', '0', ...words.map((word) => bit(bits[word] as string))]);
      expect(all.sort()).toEqual([...new Set(Object.values(bits))].map(bit).sort());
      for (const message of sent) {
        expect(attributesOf(message)).toEqual(dump === 'dumpMptcp' ? MPTCP_ATTRIBUTE : {});
        expect(message[1]).toMatchObject({
          sdiag_family: 'AF_INET',
          sdiag_protocol: expect.stringMatching(protocol),
          id: { idiag_sport: 'htons(0)', idiag_dport: 'htons(0)', idiag_if: '0', idiag_cookie: ['0', '0'] },
        });
      }
    },
  );

  test.each([
    ['dumpTcp', {}],
    ['dumpMptcp', MPTCP_ATTRIBUTE],
  ])('%s: BPF storages have an attribute of their own, empty or with maps', async (dump, others) => {
    const sent = await requests(dump, [
      { show: ['skBpfStorages'] },
      { bpfMaps: [3] },
      { bpfMaps: [4, 5], show: ['tos', 'skBpfStorages'] },
    ]);
    expect(shownIn(sent)).toEqual(['0', '0', bit('TOS')]);
    const nest = (content: string) => ({ ...others, 'NLA_F_NESTED|INET_DIAG_REQ_SK_BPF_STORAGES': content });
    expect(sent.map(attributesOf)).toEqual([nest(''), nest(mapDescriptors(3)), nest(mapDescriptors(4, 5))]);
  });

  test('unix: nothing shown is nothing asked for', async () => {
    const { sent } = await traceIn(process.pid, 'await sockdiag.dumpUnix({ show: [] }).toArray();');
    expect(sent.map(([, request]) => structure(request)['udiag_show'])).toEqual(['0']);
  });
});

/** What comes with a word: always, and of some sockets. */
const BROUGHT: Readonly<Record<TcpShow, readonly [always: string[], sometimes: string[]]>> = {
  meminfo: [['meminfo'], []],
  tos: [['tos'], []],
  tclass: [['tclass', 'classId'], []],
  classId: [['tclass', 'classId'], []],
  skmeminfo: [['skmeminfo'], []],
  info: [['info'], ['md5sig', 'ulpInfo']],
  md5sig: [['info'], ['md5sig', 'ulpInfo']],
  ulpInfo: [['info'], ['md5sig', 'ulpInfo']],
  vegasinfo: [[], ['vegasinfo', 'dctcpinfo', 'bbrinfo']],
  dctcpinfo: [[], ['vegasinfo', 'dctcpinfo', 'bbrinfo']],
  bbrinfo: [[], ['vegasinfo', 'dctcpinfo', 'bbrinfo']],
  cong: [['cong'], []],
  skBpfStorages: [[], ['skBpfStorages']],
};

describe('records', () => {
  let server: Server;
  let client: Socket;
  let port: number;

  beforeAll(async () => {
    server = createServer().listen(0, '::1');
    await once(server, 'listening');
    ({ port } = server.address() as { port: number });
    client = connect(port, '::1');
    await once(client, 'connect');
  });
  afterAll(() => {
    client.destroy();
    server.close();
  });

  /** The properties of the client's end. */
  async function properties(show?: TcpShow[]): Promise<string[]> {
    const sockets = await dumpTcp({ family: 'inet6', show }).toArray();
    return Object.keys(sockets.find(({ dport }) => dport === port) as object);
  }

  test.each(Object.entries(BROUGHT))(
    'TCP: %s brings what it says, and nothing else',
    async (word, brought) => {
      if (word === 'skBpfStorages' && process.getuid?.() !== 0 && skip('BPF storages need root')) return;
      const [always, sometimes] = brought;
      const bare = await properties();
      const shown = await properties([word as TcpShow]);
      expect(shown).toEqual(expect.arrayContaining([...bare, ...always]));
      const more = shown.filter((name) => !bare.includes(name) && !always.includes(name));
      expect(sometimes).toEqual(expect.arrayContaining(more));
      for (const names of Object.values(BROUGHT).flat(2)) expect(bare).not.toContain(names);
    },
  );

  test('unix: nothing shown is the base record', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sockdiag-show-'));
    const listener = createServer().listen(join(directory, 'listener'));
    await once(listener, 'listening');
    const sockets = await dumpUnix({ show: [] }).toArray();
    listener.close();
    rmSync(directory, { recursive: true });
    expect(sockets.some(({ state }) => state === 'LISTEN')).toBe(true);
    const base = ['cookie', 'family', 'inode', 'shutdown', 'state', 'type'];
    for (const socket of sockets) expect(Object.keys(socket).sort()).toEqual(base);
  });
});
