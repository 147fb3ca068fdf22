/** A look at the world of details: all that its sockets said, between what getsockopt() said before and after. */
import { expect } from 'vitest';

import {
  type Dump,
  dumpMptcp,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  type InetDiagMsg,
  type MptcpDiagMsg,
  type MptcpShow,
  type TcpDiagMsg,
  type TcpShow,
  type UdpDiagMsg,
  type UdpLiteDiagMsg,
} from '../../lib/index.js';
import {
  type Answers,
  type DetailsProtocol,
  type DetailsWorld,
  type MadeSocket,
  startDetailsWorld,
} from './details_world.js';

/** All that can be shown. */
export const SHOW = ['meminfo', 'tos', 'tclass', 'classId', 'skmeminfo'] as const;
export const MPTCP_SHOW: readonly MptcpShow[] = [...SHOW, 'info', 'skBpfStorages'];
export const TCP_SHOW: readonly TcpShow[] = [
  ...SHOW,
  'info',
  'skBpfStorages',
  'md5sig',
  'ulpInfo',
  'vegasinfo',
  'dctcpinfo',
  'bbrinfo',
  'cong',
];

interface Records {
  tcp: TcpDiagMsg;
  udp: UdpDiagMsg;
  udplite: UdpLiteDiagMsg;
  mptcp: MptcpDiagMsg;
}

const DUMPS: { readonly [P in DetailsProtocol]: (netns: number) => Dump<Records[P]> } = {
  tcp: (netns) => dumpTcp({ netns, show: TCP_SHOW }),
  udp: (netns) => dumpUdp({ netns, show: SHOW }),
  udplite: (netns) => dumpUdpLite({ netns, show: SHOW }),
  mptcp: (netns) => dumpMptcp({ netns, show: MPTCP_SHOW }),
};

export const dumpAll = <P extends DetailsProtocol>(protocol: P, netns: number): Promise<Records[P][]> =>
  DUMPS[protocol](netns).toArray();

type AnyRecord = Records[DetailsProtocol];

export class Look {
  readonly world: DetailsWorld;
  readonly records: AnyRecord[];
  readonly #before: Answers[];
  readonly #after: Answers[];

  private constructor(world: DetailsWorld, before: Answers[], records: AnyRecord[], after: Answers[]) {
    this.world = world;
    this.records = records;
    this.#before = before;
    this.#after = after;
  }

  static async start(): Promise<Look> {
    const world = await startDetailsWorld();
    try {
      const protocols = new Set(world.sockets.map(({ protocol }) => protocol));
      const before = await world.answers();
      const dumps = await Promise.all(Array.from(protocols, (protocol) => dumpAll(protocol, world.pid)));
      return new Look(world, before, dumps.flat(), await world.answers());
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  of<P extends DetailsProtocol>(protocol: P): Records[P][] {
    return this.records.filter((record): record is Records[P] => record.protocol === protocol);
  }

  /** Subflows of MPTCP have its inode too, but not its protocol. */
  recordOf({ protocol, inode, label }: MadeSocket): AnyRecord {
    const found = this.records.filter((record) => record.protocol === protocol && record.inode === inode);
    expect(found, label).toHaveLength(1);
    return found[0] as AnyRecord;
  }

  /** What `judge` has against the records of the sockets that were made. */
  complaints<R extends AnyRecord>(
    judge: (record: R, before: Answers, after: Answers, made: MadeSocket) => string[],
  ): string[] {
    return this.world.sockets.flatMap((made, i) => {
      const [before, after] = [this.#before[i] as Answers, this.#after[i] as Answers];
      return labelled(made.label, judge(this.recordOf(made) as R, before, after, made));
    });
  }
}

export const labelled = (what: string, complaints: string[]): string[] =>
  complaints.map((words) => `${what}: ${words}`);

type Tuple = Pick<InetDiagMsg, 'family' | 'src' | 'sport' | 'dst' | 'dport' | 'inode'>;

/** Not the cookie: what a listener of MPTCP accepts has the listener's. */
export const tupleOf = ({ family, src, sport, dst, dport, inode }: Tuple): string =>
  `${family} ${src}:${sport} ${dst}:${dport} ${inode}`;

function byTuple<T extends Tuple>(items: readonly T[]): Map<string, T> {
  const map = new Map(items.map((item) => [tupleOf(item), item]));
  expect(map.size, 'tuples are unique').toBe(items.length);
  return map;
}

/** What `judge` has against the records of a dump between two questions to ss, which has exactly these sockets. */
export async function complaintsOfSs<R extends Tuple, S extends Tuple>(
  ask: () => Promise<S[]>,
  dump: () => Promise<R[]>,
  judge: (record: R, before: S, after: S) => string[],
): Promise<string[]> {
  const before = byTuple(await ask());
  const ours = byTuple(await dump());
  const after = byTuple(await ask());
  expect(ours.size).toBeGreaterThan(10);
  expect([...ours.keys()].sort()).toEqual([...before.keys()].sort());
  expect([...ours.keys()].sort()).toEqual([...after.keys()].sort());
  return Array.from(ours, ([tuple, record]) =>
    labelled(tuple, judge(record, before.get(tuple) as S, after.get(tuple) as S)),
  ).flat();
}
