/** The matcher over real sockets, against ss, which compares some in the kernel and some by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { matcher } from '../../lib/filter/match.js';
import { parse } from '../../lib/filter/parser.js';
import { type DiagMsg, type Dump, dumpTcp, dumpUdp, dumpUnix } from '../../lib/index.js';
import { lackOfWorld } from '../tools.js';
import { parseUnix } from '../world/ss.js';
import { type InetExpectation, run, runBytes, startWorld, type World } from '../world/world.js';
import { Random } from './random.js';

/**
 * What can be asked about a socket, in words that `ss` 6.1 has too. It is to be asked of its family only: in user space,
 * `ss` compares the first bits of addresses of different families, as if `0.0.0.0` were the beginning of `::`.
 */
function questionsAbout({ src, dst, sport, dport, family }: InetExpectation): string[] {
  const host = (address: string, length?: number): string => {
    const text = length === undefined ? address : `${address}/${length}`;
    return family === 'inet6' ? `[${text}]` : text;
  };
  return [
    `src ${host(src)}`,
    `not src ${host(src, 16)}`,
    `dst ${host(dst)}:${dport}`,
    `not ( dst ${host(dst)} or sport = ${sport} )`,
    `src ${host(src, 104 - (family === 'inet' ? 96 : 0))} and dport >= ${dport}`,
    `sport > ${sport} or dport < ${dport}`,
    `not ( sport <= ${sport} and not dport != ${dport} )`,
  ];
}

const FILTERS = [
  'src 127.0.0.1',
  'not src 127.0.0.0/8',
  'dst 127.0.0.1 and not src [::ffff:127.0.0.1]',
  'src [::ffff:0.0.0.0/96]',
  'fwmark = 0',
  'not fwmark = 0x1/0x1',
  'dev = lo or sport < 1024',
  'not dev = lo',
];

const UNIX_FILTERS = [
  'src unix:*',
  'src unix:@*',
  'not src unix:/*',
  'src unix:*[A-C]*',
  'dst unix:*',
  'autobound',
];

describe.skipIf(lackOfWorld())('in the varied world, filters mean what they mean to ss', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  const matching = <R extends DiagMsg>(records: readonly R[], filter: string): R[] =>
    records.filter(matcher(parse(filter), { device: (name) => world.devices[name] }));

  /** Cookies of the sockets that match. */
  const ssCookies = async (options: readonly string[], filter: string): Promise<string[]> => {
    const text = await run(world.pid, 'ss', ['-anHOe', ...options, ...filter.split(' ')]);
    return Array.from(text.matchAll(/ sk:([0-9a-f]+)/g), ([, cookie = '']) => cookie).sort();
  };

  test.each([
    ['-t', 'tcp'],
    ['-u', 'udp'],
  ] as const)('ss %s', async (option, protocol) => {
    const options = { netns: world.pid };
    const dump: Dump<DiagMsg> = protocol === 'tcp' ? dumpTcp(options) : dumpUdp(options);
    const records = await dump.toArray();
    const compare = async (filter: string, family?: 'inet' | 'inet6'): Promise<number> => {
      const of = family === undefined ? records : records.filter((record) => record.family === family);
      const answer = matching(of, filter).map(({ cookie }) => cookie);
      const options = family === undefined ? [option] : [option, family === 'inet' ? '-4' : '-6'];
      expect({ filter, answer: answer.sort() }).toEqual({ filter, answer: await ssCookies(options, filter) });
      return answer.length;
    };
    const random = new Random(10);
    const ours = world.inet.filter((socket) => socket.protocol === protocol);
    const answers: number[] = [];
    for (const filter of FILTERS) answers.push(await compare(filter));
    for (let i = 0; i < 60; i++) {
      const socket = random.pick(ours);
      answers.push(await compare(random.pick(questionsAbout(socket)), socket.family));
    }
    expect(answers.filter((length) => length > 0 && length < records.length).length).toBeGreaterThan(40);
  });

  test('ss -x', async () => {
    const records = await dumpUnix({ netns: world.pid }).toArray();
    for (const filter of UNIX_FILTERS) {
      const words = ['-xanHOem', ...filter.split(' ')];
      const expected = parseUnix((await runBytes(world.pid, 'ss', words)).toString('latin1'));
      const inodes = (sockets: readonly { inode: number }[]) => sockets.map(({ inode }) => inode).sort();
      const answer = matching(records, filter);
      expect({ filter, inodes: inodes(answer) }).toEqual({ filter, inodes: inodes(expected) });
      expect(answer.length).toBeGreaterThan(0);
    }
  });
});
