/**
 * Every attribute of TCP, UDP and UDP-Lite, live: what sockets that have something to say in each say there agrees with ss,
 * with getsockopt(), with strace, and with what was done to them.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';

import {
  dumpTcp,
  type SkBpfStorage,
  type SkMeminfo,
  type Sockopt,
  type TcpDiagMsg,
  type TcpInfo,
  type TcpMd5sig,
} from '../lib/index.js';
import { lackOf, lackOfWorld, skip } from './tools.js';
import { neither, notAllBetween } from './world/between.js';
import { complaintsOfSs, dumpAll, Look, SHOW, TCP_SHOW, tupleOf } from './world/details_look.js';
import type { Luxury, MadeStorage, Members } from './world/details_world.js';
import { disagreementsOfBbrInfo, disagreementsOfTcpInfo } from './world/getsockopt.js';
import { detailsFromStrace, detailsOfRecord } from './world/inet_strace.js';
import { ssUdp } from './world/ss.js';
import { parseTcpWords, ssTcpDetails } from './world/ss_info.js';
import { disagreementsOfMemory, disagreementsWithSs } from './world/ss_told.js';
import { traceIn } from './world/strace.js';
import { run, startWorld, type World } from './world/world.js';

/** Members of tcp_info that say nothing here. */
const SILENT: ReadonlySet<string> = new Set([
  // The kernel does not fill them in.
  'fackets',
  'lastAckSent',
  // AccECN, which Linux 6.18 has no switch for.
  'deliveredE1Bytes',
  'deliveredE0Bytes',
  'deliveredCeBytes',
  'accecn',
]);

const NOTHING: ReadonlySet<unknown> = new Set([0, false, Infinity]);

test('a word of ss that is not known is an error', () => {
  for (const words of ['cubic novelty', 'cubic rto:204 novelty:3', 'novelty 3bps', 'tcp-ulp-smc', 'rtt:1'])
    expect(() => parseTcpWords(words), words).toThrow(/does not know/);
});

const digest = ({ mapId, mapValue = new Uint8Array() }: SkBpfStorage): MadeStorage => ({
  mapId: mapId as number,
  size: mapValue.length,
  sha256: createHash('sha256').update(mapValue).digest('hex'),
});

const byMap = (one: MadeStorage, other: MadeStorage): number => one.mapId - other.mapId;

const tcpAndSs = (pid: number): Promise<string[]> =>
  complaintsOfSs(
    () => ssTcpDetails(pid),
    () => dumpAll('tcp', pid),
    disagreementsWithSs,
  );

describe.skipIf(lackOfWorld())('in every state of TCP', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  test('ss says the same', async () => {
    expect(await tcpAndSs(world.pid)).toEqual([]);
  });

  test('of minisockets nothing is shown', async () => {
    const minisockets = (await dumpAll('tcp', world.pid)).filter(({ state }) =>
      /TIME_WAIT|SYN_RECV/.test(state),
    );
    expect(minisockets.length).toBeGreaterThan(4);
    for (const socket of minisockets) for (const name of TCP_SHOW) expect(socket).not.toHaveProperty(name);
  });
});

describe.skipIf(lackOfWorld() || lackOf('tc'))('of sockets that have something to say', () => {
  let look: Look;
  beforeAll(async () => {
    look = await Look.start();
  });
  afterAll(() => look?.world.stop());

  function needs(context: TestContext, what: Luxury): void {
    const reason = look.world.lacks[what];
    if (reason !== undefined && skip(reason)) context.skip(reason);
  }

  test('TCP: ss says the same', async () => {
    expect(await tcpAndSs(look.world.pid)).toEqual([]);
  });

  test('UDP: ss says the same', async () => {
    const { pid } = look.world;
    const ask = () => ssUdp(pid);
    expect(await complaintsOfSs(ask, () => dumpAll('udp', pid), disagreementsOfMemory)).toEqual([]);
  });

  test('getsockopt() of TCP_INFO, TCP_CC_INFO and TCP_CONGESTION says the same', () => {
    const complaints = look.complaints<TcpDiagMsg>(({ info, bbrinfo, cong }, before, after) => {
      if (before.tcpInfo === undefined) return [];
      return [
        ...neither('cong', cong, before.cong, after.cong),
        ...disagreementsOfTcpInfo(info as TcpInfo, before.tcpInfo, after.tcpInfo as Members),
        // Of a listener getsockopt() tells it too.
        ...(bbrinfo
          ? disagreementsOfBbrInfo(bbrinfo, before.bbrInfo as Members, after.bbrInfo as Members)
          : []),
      ];
    });
    expect(complaints).toEqual([]);
  });

  test.for(['bbr', 'cubic', 'reno'] as const)('there is %s', (name, context) => {
    needs(context, name);
    const sockets = look.of('tcp').filter(({ cong, state }) => cong === name && state === 'ESTABLISHED');
    expect(sockets.length).toBeGreaterThan(5);
    for (const { bbrinfo } of sockets) expect(bbrinfo !== undefined).toBe(name === 'bbr');
  });

  test('every member of tcp_info, and every flag of it, has something to say somewhere', (context) => {
    needs(context, 'loss');
    const infos = look.of('tcp').flatMap(({ info }) => info ?? []);
    const members = Object.keys(infos[0] as TcpInfo) as (keyof TcpInfo)[];
    const silent = members.filter((name) => infos.every((info) => NOTHING.has(info[name])));
    expect(silent.filter((name) => !SILENT.has(name))).toEqual([]);
    const distinct = (values: unknown[]) => [...new Set(values)].sort();
    const caStates = ['CWR', 'Disorder', 'Loss', 'Open', 'Recovery'];
    expect(distinct(infos.map(({ caState }) => caState))).toEqual(caStates);
    const fails = ['cookie_unavailable', 'data_not_acked', 'syn_retransmitted', 'unspec'];
    expect(distinct(infos.map(({ fastopenClientFail }) => fastopenClientFail))).toEqual(fails);
    const flags = Object.keys((infos[0] as TcpInfo).options) as (keyof TcpInfo['options'])[];
    expect(flags.filter((flag) => infos.every(({ options }) => options[flag] === false))).toEqual(['usecTs']);
    expect(infos.some(({ sndWscale, rcvWscale }) => sndWscale > rcvWscale)).toBe(true);
    expect(infos.some(({ sndWscale, rcvWscale }) => sndWscale < rcvWscale)).toBe(true);
  });

  test('what was set is told', () => {
    const own = ownCgroup();
    const complaints = look.complaints((record, before, after, made) => [
      ...neither('mark', record.mark, before.mark, after.mark),
      ...('tos' in before ? neither('tos', record.tos, before.tos, after.tos) : []),
      ...('tclass' in before ? neither('tclass', record.tclass, before.tclass, after.tclass) : []),
      ...neither('classId', record.classId, made.classId ?? before.priority, made.classId ?? after.priority),
      ...neither('cgroupId', record.cgroupId, made.cgroupId ?? own, made.cgroupId ?? own),
      ...notAllBetween('skmeminfo', record.skmeminfo, before.skmeminfo, after.skmeminfo),
    ]);
    expect(complaints).toEqual([]);
    for (const name of ['mark', 'tos', 'tclass', 'classId'] as const)
      expect(new Set(look.records.map((record) => record[name])).size, name).toBeGreaterThan(2);
  });

  /** The inode of the directory of the world's own cgroup v2. */
  function ownCgroup(): number | undefined {
    const mount = / (\S+) cgroup2 /.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1];
    const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${look.world.pid}/cgroup`, 'utf8'))?.[1];
    return mount === undefined || path === undefined ? undefined : statSync(join(mount, path)).ino;
  }

  test('memory in short is a part of memory in detail', () => {
    for (const { meminfo, skmeminfo, state } of look.records) {
      if (state === 'TIME_WAIT' || state === 'SYN_RECV') continue;
      const { rmemAlloc: rmem, wmemQueued: wmem, fwdAlloc: fmem, wmemAlloc: tmem } = skmeminfo as SkMeminfo;
      expect(meminfo).toEqual({ rmem, wmem, fmem, tmem });
    }
    for (const name of ['rmem', 'wmem', 'fmem'] as const)
      expect(
        look.records.some(({ meminfo }) => (meminfo?.[name] ?? 0) > 0),
        name,
      ).toBe(true);
  });

  test('each socket option is told by its own bit', () => {
    look.complaints(({ sockopt }, before, _, { label, protocol, deferConnect = false }) => {
      expect(sockopt, label).toMatchObject({
        ...before.sockopt,
        isIcsk: protocol === 'tcp' || protocol === 'mptcp',
        // Of raw sockets only.
        hdrincl: false,
        nodefrag: false,
        deferConnect,
      });
      return [];
    });
    const all = look.records.flatMap(({ sockopt }) => sockopt ?? []);
    const names = Object.keys(all[0] as Sockopt) as (keyof Sockopt)[];
    const unset = names.filter((name) => all.every((sockopt) => !sockopt[name]));
    expect(unset).toEqual(['hdrincl', 'nodefrag']);
    expect(names.filter((name) => all.every((sockopt) => sockopt[name]))).toEqual([]);
  });

  test("keys of TCP-MD5 are as they were given, and the secrets are told only where 'md5sig' is named", async (context) => {
    needs(context, 'md5sig');
    const inHex = ({ key, ...rest }: TcpMd5sig) => ({
      ...rest,
      key: Buffer.from(key as Uint8Array).toString('hex'),
    });
    const closed = await dumpTcp({ netns: look.world.pid, show: ['info'] }).toArray();
    const keyed = look.world.sockets.filter(({ md5sig }) => md5sig);
    expect(keyed).toHaveLength(3);
    for (const made of keyed) {
      const keys = (look.recordOf(made) as TcpDiagMsg).md5sig as TcpMd5sig[];
      expect(keys).toHaveLength(made.md5sig?.length as number);
      expect(keys.map(inHex)).toEqual(expect.arrayContaining(made.md5sig as object[]));
      expect(closed.find(({ inode }) => inode === made.inode)?.md5sig).toEqual(
        keys.map(({ key: _, ...rest }) => rest),
      );
    }
    expect(look.of('tcp').filter(({ md5sig }) => md5sig)).toHaveLength(keyed.length);
  });

  test('what BPF maps hold is told whole, more than a usual datagram too', (context) => {
    needs(context, 'bpf');
    const { sockets } = look.world;
    const given = sockets.flatMap(({ skBpfStorages }) => skBpfStorages ?? []);
    expect(Math.max(...given.map(({ size }) => size))).toBeGreaterThan(32 * 1024);
    for (const made of sockets) {
      const { skBpfStorages } = look.recordOf(made) as TcpDiagMsg;
      expect(skBpfStorages?.map(digest).sort(byMap), made.label).toEqual(made.skBpfStorages?.sort(byMap));
    }
  });

  test('only those of the maps that are named', async (context) => {
    needs(context, 'bpf');
    const { maps, sockets, run: runThere } = look.world;
    const named = maps.filter((_, i) => i % 2 === 0);
    const output = await runThere([
      process.execPath,
      '--input-type=module',
      '-e',
      `import { dumpTcp } from './dist/index.js';
       const sockets = await dumpTcp({ bpfMaps: ${JSON.stringify(named.map(({ descriptor }) => descriptor))} }).toArray();
       const told = sockets.filter(({ skBpfStorages }) => skBpfStorages).map(({ inode, skBpfStorages }) =>
         [inode, skBpfStorages.map(({ mapId }) => mapId).sort()]);
       console.log(JSON.stringify(told));`,
    ]);
    const told = new Map<number, number[]>(JSON.parse(output));
    const ids = named.map(({ id }) => id);
    for (const { label, protocol, inode, skBpfStorages = [] } of sockets) {
      const wanted = skBpfStorages.map(({ mapId }) => mapId).filter((id) => ids.includes(id));
      if (protocol === 'tcp') expect(told.get(inode) ?? [], label).toEqual(wanted.sort());
    }
  });

  test('nothing is unknown, at any depth', () => {
    const search = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
      expect(value, path).not.toHaveProperty('unknown');
      for (const [name, inner] of Object.entries(value)) search(inner, `${path}.${name}`);
    };
    for (const record of look.records) search(record, `${record.protocol} ${tupleOf(record)}`);
  });

  test.skipIf(lackOf('strace'))('strace reads the same from the same bytes', async () => {
    const shown = { tcp: TCP_SHOW.filter((word) => word !== 'skBpfStorages'), others: SHOW };
    const { received, lines } = await traceIn(
      look.world.pid,
      `const { tcp, others } = ${JSON.stringify(shown)};
       // Of both at once, in the older request, strace reads nothing.
       for (const family of ['inet', 'inet6']) print(await sockdiag.dumpTcp({ family, show: tcp }).toArray());
       for (const dump of [sockdiag.dumpUdp, sockdiag.dumpUdpLite, sockdiag.dumpMptcp])
         print(await dump({ show: others }).toArray().catch(() => []));`,
    );
    const ours = (lines as Record<string, unknown>[][]).flat();
    expect(ours.length).toBeGreaterThan(100);
    expect(ours.map(detailsOfRecord)).toEqual(received.map(detailsFromStrace));
  });

  test('without any privilege there are no marks, keys and sequence numbers', async () => {
    const script = `
      import process from 'node:process';
      import { dumpTcp, dumpMptcp } from './dist/index.js';
      process.setgroups([]);
      process.setgid(65534);
      process.setuid(65534);
      const show = ${JSON.stringify(TCP_SHOW.filter((word) => word !== 'skBpfStorages'))};
      const error = await dumpTcp({ show: ['skBpfStorages'] }).toArray().then(() => undefined, ({ code }) => code);
      const tcp = await dumpTcp({ show }).toArray();
      const mptcp = await dumpMptcp({ show: ['info'] }).toArray();
      console.log(JSON.stringify({ error, tcp, mptcp }));`;
    const output = await run(look.world.pid, process.execPath, ['--input-type=module', '-e', script]);
    const { error, tcp, mptcp } = JSON.parse(output);
    expect(error).toBe('EPERM');
    expect(tcp).toHaveLength(look.of('tcp').length);
    for (const socket of [...tcp, ...mptcp]) expect(socket).not.toHaveProperty('mark');
    for (const socket of tcp) expect(socket).not.toHaveProperty('md5sig');
    for (const name of ['info', 'cong', 'bbrinfo'])
      expect(tcp.filter((socket: object) => name in socket).length, name).toBe(
        look.of('tcp').filter((socket) => name in socket).length,
      );
    const subflows = tcp.flatMap(({ ulpInfo }: TcpDiagMsg) => ulpInfo?.mptcp ?? []);
    expect(subflows.length > 0).toBe(look.world.lacks.mptcp === undefined);
    for (const subflow of subflows) {
      expect(Object.keys(subflow).sort()).toEqual(['flags', 'idLoc', 'idRem', 'tokenLoc', 'tokenRem']);
    }
  });
});
