/** Multipath TCP, live: its sockets and their subflows agree with ss, with getsockopt(), and with each other. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type {
  MptcpDiagMsg,
  MptcpInfo,
  MptcpSubflowFlags,
  MptcpSubflowInfo,
  TcpDiagMsg,
  TcpInfo,
} from '../lib/index.js';
import { lackOf, lackOfWorld, skip } from './tools.js';
import { neither, notBetween } from './world/between.js';
import { complaintsOfSs, dumpAll, Look } from './world/details_look.js';
import type { Members } from './world/details_world.js';
import { disagreementsOfMptcpInfo, disagreementsOfTcpInfo } from './world/getsockopt.js';
import { parseMptcpWords, type SsMptcp, ssMptcp } from './world/ss_mptcp.js';
import { disagreementsOfMemory } from './world/ss_told.js';
import type { SsSocket } from './world/ss_words.js';

test('a word of ss that is not known is an error', () => {
  for (const words of ['subflows:1 novelty:1', 'novelty', 'remote_key token:1 2'])
    expect(() => parseMptcpWords(words), words).toThrow(/does not know/);
});

/** Members of mptcp_info that say nothing here. */
const SILENT: ReadonlySet<string> = new Set([
  // Of a retransmission that is under way.
  'retransmits',
  // What no endpoint of the world is.
  'endpLaminarMax',
  'endpFullmeshMax',
]);

describe.skipIf(lackOfWorld() || lackOf('tc'))('with MPTCP', () => {
  let look: Look;
  beforeAll(async () => {
    look = await Look.start();
  });
  beforeEach((context) => {
    const { mptcp } = look.world.lacks;
    if (mptcp !== undefined && skip(mptcp)) context.skip(mptcp);
  });
  afterAll(() => look?.world.stop());

  test('exactly the sockets that were made', () => {
    const made = look.world.sockets.filter(({ protocol }) => protocol === 'mptcp');
    const inodes = (sockets: { inode: number }[]) => sockets.map(({ inode }) => inode).sort();
    expect(made.length).toBeGreaterThan(10);
    expect(inodes(look.of('mptcp'))).toEqual(inodes(made));
  });

  test('ss says the same', async () => {
    const { pid } = look.world;
    const ask = () => ssMptcp(pid);
    expect(await complaintsOfSs(ask, () => dumpAll('mptcp', pid), disagreementsWithSs)).toEqual([]);
  });

  function disagreementsWithSs(record: MptcpDiagMsg, before: Socket, after: Socket): string[] {
    const common = disagreementsOfMemory(record, before, after);
    const { details: first } = before;
    const { details: last } = after;
    // Of a listener ss prints nothing but zeros, which is nothing.
    if (first === undefined || last === undefined)
      return [...common, ...neither('state', record.state, 'LISTEN', 'LISTEN')];
    const info = record.info as MptcpInfo;
    return [
      ...common,
      ...[...first.numbers].flatMap(([name, value]) =>
        notBetween(name, info[name as keyof MptcpInfo], value, last.numbers.get(name) as number),
      ),
      ...neither('fallback', info.flags.fallback, first.flags.has('fallback'), last.flags.has('fallback')),
      ...neither(
        'remoteKeyReceived',
        info.flags.remoteKeyReceived,
        first.flags.has('remote_key'),
        last.flags.has('remote_key'),
      ),
      ...neither('token', info.token, first.token ?? 0, last.token ?? 0),
      // Of 0, ss says nothing.
      ...(['writeSeq', 'sndUna', 'rcvNxt'] as const).flatMap((name) =>
        neither(name, info[name], first[name] ?? '0', last[name] ?? '0'),
      ),
    ];
  }

  test('getsockopt(MPTCP_INFO) says the same', () => {
    const complaints = look.complaints<MptcpDiagMsg>(({ info }, before, after) =>
      before.mptcpInfo === undefined || after.mptcpInfo === undefined
        ? []
        : disagreementsOfMptcpInfo(info as MptcpInfo, before.mptcpInfo, after.mptcpInfo),
    );
    expect(complaints).toEqual([]);
    const infos = look.of('mptcp').map(({ info }) => info as MptcpInfo);
    const members = Object.keys(infos[0] as MptcpInfo) as (keyof MptcpInfo)[];
    const silent = members.filter((name) => infos.every((info) => !info[name]));
    expect(silent.filter((name) => !SILENT.has(name))).toEqual([]);
    for (const flag of ['fallback', 'remoteKeyReceived'] as const)
      expect(new Set(infos.map(({ flags }) => flags[flag])), flag).toEqual(new Set([true, false]));
  });

  /** By the token that both name. */
  const subflowsOf = (socket: MptcpDiagMsg): TcpDiagMsg[] =>
    look.of('tcp').filter(({ ulpInfo }) => ulpInfo?.mptcp?.tokenLoc === socket.info?.token);

  test('a socket has as many subflows as it says, all but one of which joined, and all have its inode', () => {
    const connected = look
      .of('mptcp')
      .filter(({ info, state }) => state === 'ESTABLISHED' && !info?.flags.fallback);
    expect(connected.length).toBeGreaterThan(5);
    for (const socket of connected) {
      const subflows = subflowsOf(socket);
      const { subflows: further, subflowsTotal } = socket.info as MptcpInfo;
      expect(subflows).toHaveLength(further + 1);
      expect(subflows).toHaveLength(subflowsTotal as number);
      const flags = subflows.map(({ ulpInfo }) => ulpInfo?.mptcp?.flags);
      expect(flags.filter((each) => each?.joinRem || each?.joinLoc)).toHaveLength(further);
      for (const { inode } of subflows) expect(inode).toBe(socket.inode);
    }
  });

  test('getsockopt(MPTCP_TCPINFO) says the same of each subflow', () => {
    look.complaints<MptcpDiagMsg>((socket, before, after) => {
      if (!before.mptcpInfo || socket.state !== 'ESTABLISHED') return [];
      const subflows = subflowsOf(socket);
      expect(before.subflows).toHaveLength(subflows.length);
      before.subflows?.forEach((first, i) => {
        const last = after.subflows?.[i] as Members;
        const complaints = subflows.map(({ info }) => disagreementsOfTcpInfo(info as TcpInfo, first, last));
        expect(
          complaints.some((each) => each.length === 0),
          JSON.stringify(complaints),
        ).toBe(true);
      });
      return [];
    });
  });

  test('every word of a subflow has something to say somewhere', () => {
    const subflows = look.of('tcp').flatMap(({ ulpInfo }) => ulpInfo?.mptcp ?? []);
    for (const name of Object.keys(subflows[0] as MptcpSubflowInfo) as (keyof MptcpSubflowInfo)[])
      expect(
        subflows.some((subflow) => subflow[name]),
        name,
      ).toBe(true);
    const flags = subflows.map((subflow) => subflow.flags as MptcpSubflowFlags);
    const names = Object.keys(flags[0] as MptcpSubflowFlags) as (keyof MptcpSubflowFlags)[];
    // There is a mapping only while data is on its way.
    expect(names.filter((name) => flags.every((each) => !each[name]))).toEqual(['mapvalid']);
    expect(names.filter((name) => flags.every((each) => each[name]))).toEqual([]);
  });

  test('what was written to a subflow is what the peer acknowledged', () => {
    const idle = look.of('tcp').filter(({ info }) => info?.unacked === 0 && info.notsentBytes === 0);
    const subflows = idle.filter(({ ulpInfo, state }) => ulpInfo?.mptcp && state === 'ESTABLISHED');
    expect(subflows.length).toBeGreaterThan(10);
    for (const { info, ulpInfo } of subflows) {
      // Both begin at 1, but that of a server's end at 0.
      const { bytesAcked } = info as TcpInfo;
      expect([bytesAcked, bytesAcked + 1]).toContain(ulpInfo?.mptcp?.relwriteSeq);
    }
  });
});

type Socket = SsSocket<SsMptcp>;
