/** The option `filter` over real sockets: against the matcher over all of them, against ss, and on the wire. */
import { spawnSync } from 'node:child_process';
import { getuid } from 'node:process';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Expression, FilterSyntaxError, matcher, parse, plan, print } from '../../lib/filter/index.js';
import { cgroupId } from '../../lib/filter/resolvers.js';
import * as lib from '../../lib/index.js';
import {
  type DiagMsg,
  type Dump,
  decode,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
  type NetlinkDiagMsg,
  type SocketState,
  type UnixDiagMsg,
} from '../../lib/index.js';
import { NETLINK_PROTOCOLS } from '../../lib/netlink-family/record.js';
import { DEFAULT_STATES, SOCKET_STATES, stateMask } from '../../lib/record/state.js';
import { lackOf, lackOfWorld, skip } from '../tools.js';
import { startLinkWorld } from '../world/link_world.js';
import { run, startWorld, type World } from '../world/world.js';
import { type LiveFilter, liveFilter } from './live-expressions.js';
import { type LiveSockets, startLiveSockets } from './live-sockets.js';
import {
  askSs,
  leavesOf,
  mistakes,
  type Names,
  type NotAsked,
  type SsAnswer,
  ssQuestion,
} from './live-ss.js';
import { Random } from './random.js';

type Protocol = 'tcp' | 'udp' | 'udplite' | 'mptcp';
type InetRecord = Extract<DiagMsg, { protocol: Protocol }>;

interface Question {
  filter?: Expression | string;
  states?: readonly SocketState[];
}

const INET_DUMPS: Record<Protocol, (options: Question & { netns: number }) => Dump<InetRecord>> = {
  tcp: dumpTcp,
  udp: dumpUdp,
  udplite: dumpUdpLite,
  mptcp: dumpMptcp,
};

const cookiesOf = (records: readonly { cookie: string }[]): string[] =>
  records.map(({ cookie }) => cookie).sort();

/** In lines of `ss -e`. */
const cookiesIn = (text: string): string[] =>
  Array.from(text.matchAll(/ sk:([0-9a-f]+)/g), ([, cookie = '']) => cookie).sort();

const mentions = (expression: Expression, kind: Expression['kind']): boolean =>
  leavesOf(expression).some(({ term }) => term.kind === kind);

/** `ss` 6.1 has no word for them, and the kernel gives them as CLOSE. */
const isBoundInactive = ({ protocol, state }: InetRecord): boolean => protocol === 'tcp' && state === 'CLOSE';

const ALWAYS: Expression = { kind: 'and', terms: [] };
const NEVER: Expression = { kind: 'or', terms: [] };

function withAutobound(expression: Expression, instead: Expression): Expression {
  if (expression.kind === 'autobound') return instead;
  if (expression.kind === 'not') return { kind: 'not', term: withAutobound(expression.term, instead) };
  if (expression.kind !== 'and' && expression.kind !== 'or') return expression;
  return { ...expression, terms: expression.terms.map((term) => withAutobound(term, instead)) };
}

/** All sockets of a protocol, and what only the kernel knows of them. */
interface Population {
  records: readonly InetRecord[];
  /** Whether the kernel gave it its port. */
  isGiven(record: { cookie: string }): boolean;
  /** Whether that is not the same as that its port is in the range that the kernel gives ports from. */
  isDoubtful(record: { cookie: string }): boolean;
}

/** As the matcher has it, but that the kernel says which ports it gave. */
function fitting({ records, isGiven }: Population, expression: Expression): InetRecord[] {
  const ofGiven = matcher(withAutobound(expression, ALWAYS));
  const ofOthers = matcher(withAutobound(expression, NEVER));
  const isAsked = plan(expression).states?.includes('BOUND_INACTIVE') === true;
  return records.filter(
    (record) => (isAsked || !isBoundInactive(record)) && (isGiven(record) ? ofGiven : ofOthers)(record),
  );
}

interface Case {
  filter: LiveFilter;
  answer: InetRecord[];
}

/**
 * Compares answers with what the matcher finds among all sockets. Where a remainder has `autobound` in it, those are left
 * out for which the matcher, as it says, cannot know.
 */
function compareCases(population: Population, cases: readonly Case[]): { exact: number; telling: number } {
  const count = { exact: 0, telling: 0 };
  for (const { filter, answer } of cases) {
    const { expression } = filter;
    const { remainder } = plan(expression);
    const isSure = (record: InetRecord): boolean =>
      remainder === undefined || !mentions(remainder, 'autobound') || !population.isDoubtful(record);
    const filtered = print(expression);
    expect({ filtered, found: cookiesOf(answer.filter(isSure)) }).toEqual({
      filtered,
      found: cookiesOf(fitting(population, expression).filter(isSure)),
    });
    if (remainder === undefined) count.exact++;
    if (answer.length > 0 && answer.length < population.records.length) count.telling++;
  }
  return count;
}

describe.skipIf(lackOfWorld())('in the varied world', () => {
  let world: World;
  let more: LiveSockets;
  let names: Names;
  let portRange: readonly [number, number];
  beforeAll(async () => {
    world = await startWorld();
    more = await startLiveSockets(world.pid);
    const range = await run(world.pid, 'cat', ['/proc/sys/net/ipv4/ip_local_port_range']);
    portRange = range.trim().split(/\s+/).map(Number) as [number, number];
    const paths = more.cgroup === undefined ? ['/'] : ['/', more.cgroup];
    const cgroups = Object.fromEntries(paths.map((path) => [Number(cgroupId(path) ?? 0), path]));
    names = { devices: world.devices, cgroups };
  });
  afterAll(async () => {
    await more?.stop();
    await world?.stop();
  });

  const dump = (protocol: Protocol, question: Question): Dump<InetRecord> =>
    INET_DUMPS[protocol]({ netns: world.pid, ...question });

  const read = (protocol: Protocol, question: Question): Promise<InetRecord[]> =>
    dump(protocol, question).toArray();

  async function populationOf(protocol: Protocol): Promise<Population> {
    const records = await read(protocol, { states: SOCKET_STATES });
    const given = new Set(cookiesOf(await read(protocol, { states: SOCKET_STATES, filter: 'autobound' })));
    const inRange = matcher({ kind: 'autobound' }, { portRange });
    const doubtful = new Set(
      cookiesOf(records.filter((record) => inRange(record) !== given.has(record.cookie))),
    );
    return {
      records,
      isGiven: ({ cookie }) => given.has(cookie),
      isDoubtful: ({ cookie }) => doubtful.has(cookie),
    };
  }

  async function ask(protocol: Protocol, seed: number, length: number): Promise<[Population, Case[]]> {
    const population = await populationOf(protocol);
    const random = new Random(seed);
    // Those of the world are always the same, and so are most of the filters.
    const ports = new Set(world.inet.map(({ sport }) => sport));
    const place = ({ src, sport, dst, dport, state }: InetRecord): string =>
      `${ports.has(sport) ? 0 : 1} ${src} ${sport} ${dst} ${dport} ${state}`;
    const pool = population.records.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
    const cases: Case[] = [];
    for (let i = 0; i < length; i++) {
      const filter = liveFilter(random, pool);
      const { expression } = filter;
      // As a tree, and as the text that is made of it.
      const answer = await read(protocol, { filter: i % 2 === 0 ? expression : print(expression) });
      cases.push({ filter, answer });
    }
    const { records } = await populationOf(protocol);
    expect(cookiesOf(records), 'the sockets are at rest').toEqual(cookiesOf(population.records));
    return [population, cases];
  }

  const FILTERS = 320;

  describe.each([
    ['tcp', '-t', 20],
    ['udp', '-u', 21],
  ] as const)('%s', (protocol, option, seed) => {
    let population: Population;
    let cases: Case[];
    beforeAll(async () => {
      [population, cases] = await ask(protocol, seed, FILTERS);
    });

    test('the kernel knows to which sockets it gave their ports', () => {
      const { records, isGiven, isDoubtful } = population;
      const given = new Set(records.filter(isGiven).map(({ sport }) => sport));
      if (protocol === 'tcp') expect(more.autobound.filter((port) => !given.has(port))).toEqual([]);
      expect(given.size).toBeGreaterThan(3);
      expect(records.filter(isDoubtful).length).toBeGreaterThan(3);
    });

    test(`what ${FILTERS} filters find is what the matcher finds among all sockets`, () => {
      const { exact, telling } = compareCases(population, cases);
      // The kernel decides most of them wholly, but not all: the remainders are compared, too.
      expect(exact).toBeGreaterThan(FILTERS * 0.85);
      expect(exact).toBeLessThan(FILTERS - 5);
      expect(telling).toBeGreaterThan(FILTERS * 0.6);
    });

    test('and what ss finds', async () => {
      const notAsked: NotAsked[] = [];
      const asked = cases.flatMap(({ filter, answer }) => {
        const words = ssQuestion(filter, names);
        if (typeof words !== 'string') return [{ words, filter, answer }];
        notAsked.push(words);
        return [];
      });
      const questions = asked.map(({ words }) => ['-H', '-O', '-a', '-n', '-e', option, ...words]);
      const answers = await askSs(world.pid, questions);
      const records = new Map(population.records.map((record) => [record.cookie, record]));
      let whole = 0;
      let unsure = 0;
      let telling = 0;
      for (const [i, { filter, answer }] of asked.entries()) {
        const { code, text } = answers[i] as SsAnswer;
        const isMistaken = mistakes(filter.rest, population.isDoubtful);
        const isSure = (record: InetRecord): boolean => !isMistaken(record) && !isBoundInactive(record);
        // One that we do not have is an error, as such.
        const found = cookiesIn(text).map((cookie) => records.get(cookie) as InetRecord);
        expect({
          words: asked[i]?.words.join(' '),
          code,
          complaint: code === 0 ? '' : text,
          found: cookiesOf(found.filter(isSure)),
        }).toEqual({
          words: asked[i]?.words.join(' '),
          code: 0,
          complaint: '',
          found: cookiesOf(answer.filter(isSure)),
        });
        const left = population.records.filter(isMistaken).length;
        unsure += left;
        if (left === 0) whole++;
        if (found.some(isSure)) telling++;
      }
      expect(asked.length).toBeGreaterThan(FILTERS * 0.8);
      // All of the answer.
      expect(whole).toBeGreaterThan(FILTERS * 0.58);
      expect(telling).toBeGreaterThan(FILTERS / 2);
      expect(unsure).toBeLessThan(asked.length * records.size * 0.2);
    });

    test('the option `states` and the states of the filter must both hold', async () => {
      const random = new Random(seed + 1);
      for (const { filter } of cases.slice(0, 60)) {
        const { expression } = filter;
        if (mentions(expression, 'autobound')) continue;
        const states = [...random.some(SOCKET_STATES), 'ESTABLISHED' as const];
        const both: Expression = { kind: 'and', terms: [{ kind: 'state', states }, expression] };
        const found = await read(protocol, { states, filter: expression });
        expect({ states, found: cookiesOf(found) }, print(expression)).toEqual({
          states,
          found: cookiesOf(fitting(population, both)),
        });
      }
    });

    test('a recording is filtered as the dump is', async () => {
      const parts: Uint8Array[] = [];
      for await (const part of dump(protocol, { states: SOCKET_STATES }).raw()) parts.push(Buffer.from(part));
      const bytes = Buffer.concat(parts);
      let telling = 0;
      for (const { filter } of cases.slice(0, 100)) {
        const { expression } = filter;
        if (mentions(expression, 'autobound')) continue;
        const recorded = await decode(bytes, { filter: expression, protocol }).toArray();
        const live = await read(protocol, { states: SOCKET_STATES, filter: expression });
        expect(cookiesOf(recorded), print(expression)).toEqual(cookiesOf(live));
        if (recorded.length > 0 && recorded.length < population.records.length) telling++;
      }
      expect(telling).toBeGreaterThan(50);
    });
  });

  test.each([
    ['udplite', 30],
    ['mptcp', 31],
  ] as const)('%s: what 100 filters find is what the matcher finds', async (protocol, seed) => {
    if (protocol === 'mptcp' && !more.mptcp && skip('this kernel has no MPTCP')) return;
    const [population, cases] = await ask(protocol, seed, 100);
    expect(population.records.length).toBeGreaterThan(5);
    const { exact, telling } = compareCases(population, cases);
    expect(exact).toBeGreaterThan(85);
    expect(telling).toBeGreaterThan(30);
  });

  test.each(['dumpTcp', 'dumpUdp'] as const)('%s: an interface by its name is that of its index', (name) => {
    const script = `
      import { ${name} } from './dist/index.js';
      const find = async (filter) => (await ${name}({ filter }).toArray()).map(({ cookie }) => cookie).sort();
      console.log(JSON.stringify([await find(process.argv[1]), await find(process.argv[2])]));`;
    for (const [device, index] of Object.entries(world.devices)) {
      const node = [
        process.execPath,
        '--input-type=module',
        '-e',
        script,
        `dev = ${device}`,
        `dev = ${index}`,
      ];
      // The names that are looked up are those in /sys, which is mounted for one namespace.
      const shell = ['sh', '-c', 'mount -t sysfs none /sys && exec "$@"', '-', ...node];
      const inside = [`--net=/proc/${world.pid}/ns/net`, 'unshare', '--mount', ...shell];
      const { stdout, stderr } = spawnSync('nsenter', inside, { encoding: 'utf8' });
      expect(stderr).toBe('');
      const [byName, byIndex] = JSON.parse(stdout);
      expect(byName).toEqual(byIndex);
      if (device !== 'd1') expect(byName.length).toBeGreaterThan(0);
    }
  });

  /** A name as a glob that fits it alone, and others that fit more. */
  function globsOf(name: string): string[] {
    const slash = name.lastIndexOf('/');
    return [
      name,
      name.toUpperCase(),
      `${name.slice(0, slash + 2)}*`,
      `*${name.slice(-3)}`,
      `${name.slice(0, -1)}?`,
    ];
  }

  test('unix: what filters find is what ss finds', async () => {
    const records = await dumpUnix({ netns: world.pid }).toArray();
    const random = new Random(40);
    const named = records.flatMap(({ name }) =>
      name !== undefined && /^[\w@/.-]+$/.test(name) ? [name] : [],
    );
    const term = (): string => {
      const glob = random.pick(globsOf(random.pick(named)));
      const text = random.pick([
        `src unix:${glob}`,
        `src unix:${glob}`,
        'autobound',
        'dst unix:*',
        'src unix:/*',
      ]);
      return random.chance(0.3) ? `not ${text}` : text;
    };
    const questions = Array.from({ length: 80 }, () => {
      const states = random.chance(0.4)
        ? `state ${random.pick(['established', 'listening', 'unconnected', 'connected'])} `
        : '';
      return states + random.pick([term(), `${term()} and ${term()}`, `${term()} or ${term()}`]);
    });
    const answers = await askSs(
      world.pid,
      questions.map((filter) => ['-H', '-O', '-x', '-a', '-n', '-e', '-m', ...filter.split(' ')]),
    );
    let telling = 0;
    for (const [i, filter] of questions.entries()) {
      const { code, text } = answers[i] as SsAnswer;
      const found = await dumpUnix({ netns: world.pid, filter }).toArray();
      const theirs = Array.from(text.matchAll(/ (\d+) \* \d+ +skmem:/g), ([, inode]) => Number(inode));
      expect({ filter, code, found: theirs.sort() }).toEqual({
        filter,
        code: 0,
        found: found.map(({ inode }) => inode).sort(),
      });
      expect(cookiesOf(found)).toEqual(cookiesOf(records.filter(matcher(parse(filter)))));
      if (found.length > 0 && found.length < records.length) telling++;
    }
    expect(telling).toBeGreaterThan(40);
  });

  test.each<[filter: string, wanted: (record: UnixDiagMsg) => boolean]>([
    ['state listening', ({ state }) => state === 'LISTEN'],
    ['exclude listening', ({ state }) => state !== 'LISTEN'],
    ['state established src unix:@*', ({ state, name }) => state === 'ESTABLISHED' && name?.[0] === '@'],
    ['sport = 22', () => false],
    ['not sport = 22', () => false],
  ])('unix: %s', async (filter, wanted) => {
    const records = await dumpUnix({ netns: world.pid }).toArray();
    const found = await dumpUnix({ netns: world.pid, filter }).toArray();
    expect(cookiesOf(found)).toEqual(cookiesOf(records.filter(wanted)));
    const listeners = await dumpUnix({ netns: world.pid, filter, states: ['LISTEN'] }).toArray();
    expect(cookiesOf(listeners)).toEqual(cookiesOf(found.filter(({ state }) => state === 'LISTEN')));
  });
});

describe.skipIf(lackOfWorld())('packet and netlink: what filters find is what ss finds', () => {
  test('packet', async () => {
    const { pid, devices, stop } = await startLinkWorld('packet');
    try {
      const { d0, d1 } = devices as Record<'d0' | 'd1', number>;
      // For ss, the name stands for the index, which is all that another namespace's filter may have.
      const filters: [filter: string, forSs?: string][] = [
        ['src link:*'],
        ['src link:ip'],
        ['not src link:ip'],
        ['src link:all'],
        ['src link:arp or src link:ip'],
        [`src link:ip:${d0}`, 'src link:ip:d0'],
        [`src link:*:${d0}`, 'src link:*:d0'],
        [`not src link:*:${d0}`, 'not src link:*:d0'],
        [`src link:*:${d1}`, 'src link:*:d1'],
        [`src link:*:${d0} and not src link:ip`, 'src link:*:d0 and not src link:ip'],
        [`dev = ${d0}`, 'dev = d0'],
        [`dev != ${d1}`, 'dev != d1'],
        ['dev = 0'],
        ['autobound'],
        ['not autobound'],
        ['dst link:*'],
        ['state unconnected src link:ip'],
      ];
      const all = await dumpPacket({ netns: pid }).toArray();
      const words = filters.map(([filter, forSs = filter]) => forSs.split(' '));
      const answers = await askSs(
        pid,
        words.map((some) => ['-H', '-O', '-a', '-n', '-e', '-0', ...some]),
      );
      for (const [i, [filter]] of filters.entries()) {
        const { code, text } = answers[i] as SsAnswer;
        const found = cookiesOf(await dumpPacket({ netns: pid, filter }).toArray());
        expect({ filter, code, found: cookiesIn(text) }).toEqual({ filter, code: 0, found });
        expect(cookiesOf(all.filter(matcher(parse(filter)))), filter).toEqual(found);
        expect(found.length, filter).toBeGreaterThan(0);
      }
      expect(await dumpPacket({ netns: pid, filter: 'state established or dst link:ip' }).toArray()).toEqual(
        [],
      );
    } finally {
      await stop();
    }
  });

  /** `ss` tells no more of them; it tells some twice, and both ask by a socket of their own. */
  const tuples = (sockets: readonly { protocol: number; portid: number }[]): string[] =>
    [...new Set(sockets.map(({ protocol, portid }) => `${protocol} ${portid}`))]
      .filter((tuple) => !tuple.startsWith(SOCK_DIAG) || tuple === `${SOCK_DIAG}0`)
      .sort();

  const SOCK_DIAG = '4 ';

  /** To ss, port ids are signed, and it reads none that is negative. */
  const isPlain = (portid: number): boolean => portid > 0 && portid < 2 ** 31;

  test('netlink', async () => {
    const { pid, stop } = await startLinkWorld('netlink');
    try {
      const all = await dumpNetlink({ netns: pid }).toArray();
      const port = all.find(({ protocol, portid }) => protocol === 'usersock' && isPlain(portid))?.portid;
      // ss has names of its own for some protocols, rtnl for route.
      const filters: [filter: string, forSs?: string][] = [
        ['src netlink:*'],
        ['src netlink:usersock'],
        ['not src netlink:usersock'],
        ['src netlink:route', 'src netlink:rtnl'],
        ['src netlink:route:kernel', 'src netlink:rtnl:kernel'],
        ['src netlink:*:kernel'],
        ['not src netlink:*:kernel'],
        [`src netlink:usersock:${port}`],
        [`src netlink:*:${port} or src netlink:*:kernel`],
        ['src netlink:route and not src netlink:*:kernel', 'src netlink:rtnl and not src netlink:*:kernel'],
        ['dst netlink:*'],
        ['autobound'],
        ['not autobound'],
      ];
      const words = filters.map(([filter, forSs = filter]) => forSs.split(' '));
      const answers = await askSs(
        pid,
        words.map((some) => ['-H', '-O', '-a', '-n', '-e', '-A', 'netlink', ...some]),
      );
      for (const [i, [filter]] of filters.entries()) {
        const { code, text } = answers[i] as SsAnswer;
        const theirs = Array.from(text.matchAll(NETLINK_LINE), ([, protocol, portid]) => ({
          protocol: Number(protocol),
          // The highest is any to ss.
          portid: (portid === '*' ? -1 : Number(portid)) >>> 0,
        }));
        const found = await dumpNetlink({ netns: pid, filter }).toArray();
        const ours = found.map(({ protocol, portid }) => ({
          protocol: NETLINK_PROTOCOLS.indexOf(protocol),
          portid,
        }));
        expect({ filter, code, found: tuples(theirs) }).toEqual({ filter, code: 0, found: tuples(ours) });
        expect(ours.length, filter).toBeGreaterThan(0);
        const mine = (some: readonly NetlinkDiagMsg[]) =>
          cookiesOf(some.filter(({ protocol, portid }) => protocol !== 'sock_diag' || portid === 0));
        expect(mine(found), filter).toEqual(mine(all.filter(matcher(parse(filter)))));
      }
    } finally {
      await stop();
    }
  });

  const NETLINK_LINE = /^(?:UNCONN +)?\d+ +\d+ +(\d+):(\S+)/gm;
});

describe('the requests', () => {
  /** nlmsghdr and inet_diag_req_v2. */
  const REQUEST_LENGTH = 16 + 56;

  interface Traced {
    /** Each as strace reads it, and its bytes in hexadecimal. */
    dumps: { call: string; bytes: string }[];
    /** Whether there was a netlink socket at all. */
    opened: boolean;
    printed: string;
  }

  function trace(script: string): Traced {
    const program = `import * as lib from './dist/index.js';\nconst { dumpTcp, dumpUdp } = lib;\n${script}`;
    const options = ['-f', '-qq', '-v', '-e', 'trace=socket,sendto', '-e', 'write=all', '-e', 'signal=none'];
    const node = [process.execPath, '--input-type=module', '-e', program];
    const { stderr, stdout } = spawnSync('strace', [...options, ...node], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    // A call, and lines of its bytes.
    const calls = stderr.split(/\n(?! \| )/);
    const bytesOf = (call: string): string =>
      Array.from(call.matchAll(/^ \| [0-9a-f]+ ((?: +[0-9a-f]{2})+) /gm), ([, bytes = '']) => bytes)
        .join('')
        .replaceAll(' ', '');
    return {
      dumps: calls
        .filter((call) => call.includes('sendto(') && call.includes('SOCK_DIAG_BY_FAMILY'))
        .map((call) => ({ call, bytes: bytesOf(call) })),
      opened: calls.some((call) => call.includes('AF_NETLINK')),
      printed: stdout,
    };
  }

  test.skipIf(lackOf('strace'))('what the kernel is asked', () => {
    const filters = [
      'sport = 8443',
      'state listening sport = 8443 and not src 10.0.0.0/8',
      'dport > 1024 and dport < 2048 or dev = 1',
      'state established',
      'src inet6:* and dport = 443',
      'state listening or state close-wait and sport > 5',
    ];
    const { dumps } = trace(
      `for (const filter of ${JSON.stringify(filters)}) await dumpTcp({ family: 'inet', filter }).toArray();`,
    );
    expect(dumps).toHaveLength(filters.length);
    for (const [i, filter] of filters.entries()) {
      const { program, states = DEFAULT_STATES, sport, dport } = plan(parse(filter));
      const { call, bytes } = dumps[i] as (typeof dumps)[number];
      expect(call, filter).toContain(`idiag_sport=htons(${sport}), idiag_dport=htons(${dport})`);
      expect(maskIn(call), filter).toBe(stateMask(states));
      expect(call.includes('INET_DIAG_REQ_BYTECODE'), filter).toBe(program !== undefined);
      expect(bytes, filter).toHaveLength(
        2 * (REQUEST_LENGTH + (program === undefined ? 0 : 4 + program.length)),
      );
      if (program === undefined) continue;
      expect(call, filter).toContain(`[{nla_len=${4 + program.length}, nla_type=INET_DIAG_REQ_BYTECODE}, `);
      expect(bytes.slice(2 * (REQUEST_LENGTH + 4)), filter).toBe(Buffer.from(program).toString('hex'));
    }
    expect(dumps[0]?.call).toContain('idiag_sport=htons(8443), idiag_dport=htons(0)');
    expect(dumps[1]?.call).toContain('idiag_states=1<<TCP_LISTEN,');
    expect(dumps[3]?.call).toContain('idiag_states=1<<TCP_ESTABLISHED,');
    expect(dumps[3]?.call).not.toContain('INET_DIAG_REQ_BYTECODE');
  });

  /** As strace writes it, the number for what it has no name for. */
  function maskIn(request: string): number {
    const terms = /idiag_states=([^,]*),/.exec(request)?.[1]?.split('|') ?? [];
    return terms.reduce((mask, term) => {
      const name = /^1<<TCP_(\w+)$/.exec(term)?.[1];
      return mask | (name === undefined ? Number(term) : stateMask([name as SocketState]));
    }, 0);
  }

  const IMPOSSIBLE: Question[] = [
    { filter: 'not ()' },
    { filter: 'src unix:*' },
    { filter: 'sport = 1 and sport = 2' },
    { filter: 'state listening and state established' },
    { filter: 'state listening', states: ['ESTABLISHED'] },
    { filter: 'fwmark = 4/3' },
  ];

  test('what cannot match is not asked', async () => {
    for (const question of IMPOSSIBLE) {
      for (const dump of [dumpTcp(question), dumpUdp(question)]) {
        // It would begin with the requests.
        for await (const bytes of dump.raw()) expect(bytes).toHaveLength(0);
        expect(await dump.toArray()).toEqual([]);
        expect([...dump]).toEqual([]);
      }
    }
  });

  test.skipIf(lackOf('strace'))('and no socket is opened for it, nor for what is no filter', () => {
    const { opened, printed } = trace(`
      for (const question of ${JSON.stringify(IMPOSSIBLE)})
        console.log((await dumpTcp(question).toArray()).length + [...dumpUdp(question)].length);
      for (const filter of ['sport = x y', 5, 'dev = sockdiag-none'])
        for (const dump of Object.values(lib).filter(({ name }) => /^dump[A-Z]/.test(name)))
          try { dump({ filter }); } catch (error) { console.log(error.name); }`);
    const errors = ['FilterSyntaxError', 'TypeError', 'SockDiagError'];
    expect(printed.trimEnd().split('\n')).toEqual([
      ...IMPOSSIBLE.map(() => '0'),
      ...errors.flatMap((name) => DUMPS.map(() => name)),
    ]);
    expect(opened).toBe(false);
  });
});

/** All of those for one family each, whose options are not of one type. */
const DUMPS = Object.entries(lib).filter(([name]) => /^dump[A-Z]/.test(name)) as [
  name: string,
  dump: (options: unknown) => Dump<DiagMsg>,
][];

describe('what is no filter is an error at the call, of every dump', () => {
  test.each(['sport = 1 2', 'sport ~ 1', '(', 'src', 'state nowhere', 'dport = 65536'])('%s', (filter) => {
    for (const [name, dump] of DUMPS) expect(() => dump({ filter }), name).toThrow(FilterSyntaxError);
  });

  test.each([[5], [null], [[]], [{}], [true], [{ kind: 'none' }], [() => true]])('%s', (filter) => {
    for (const [name, dump] of DUMPS) {
      expect(() => dump({ filter }), name).toThrow(TypeError);
      expect(() => dump({ filter }), name).toThrow(new RegExp(`^${name}: options\\.filter`));
    }
  });

  test('an interface by its name, where the namespace is another', () => {
    const words =
      "the interface 'lo' cannot be looked up in another network namespace: the filter must give its index";
    for (const [name, dump] of DUMPS) {
      expect(() => dump({ filter: 'dev = lo', netns: process.pid }), name).toThrow(TypeError);
      expect(() => dump({ filter: 'dev = lo', netns: process.pid }), name).toThrow(words);
      expect(() => dump({ filter: 'dev = 1', netns: process.pid }), name).not.toThrow();
    }
  });

  test.each([
    ['dev = sockdiag-none', 'ENODEV', "there is no network interface 'sockdiag-none'"],
    ['not ( sport = 1 or dev != sockdiag-none )', 'ENODEV', "there is no network interface 'sockdiag-none'"],
    ['cgroup = /sockdiag-none', 'ENOENT', "there is no cgroup '/sockdiag-none'"],
  ])('%s is %s', (filter, code, words) => {
    for (const [name, dump] of DUMPS) {
      const calling = () => dump({ filter });
      expect(calling, name).toThrow(expect.objectContaining({ name: 'SockDiagError', code }));
      expect(calling, name).toThrow(words);
    }
  });
});

describe.skipIf(getuid?.() !== 0 && skip('to become nobody needs root'))('without any privilege', () => {
  test('a filter for marks is refused in words', () => {
    const filters = [
      'fwmark = 1',
      'not fwmark = 1',
      'state listening and fwmark != 0x1/0xff',
      'dev = 1 or fwmark = 7',
      // States are tied to the mark, so that it is left to user space.
      'state established or not fwmark = 1',
    ];
    const script = `
      import process from 'node:process';
      import { createServer } from 'node:net';
      import { once } from 'node:events';
      import { dumpTcp } from './dist/index.js';
      process.setgroups([]);
      process.setgid(65534);
      process.setuid(65534);
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      for (const filter of ${JSON.stringify(filters)})
        await dumpTcp({ filter }).toArray().then(
          (found) => console.log(JSON.stringify({ found: found.length })),
          ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })),
        );
      const { port } = server.address();
      for (const filter of [\`sport = \${port}\`, 'fwmark = 4/3', 'fwmark = 0/0'])
        console.log((await dumpTcp({ filter }).toArray()).some(({ sport }) => sport === port));
      server.close();`;
    const node = ['--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' });
    expect(stderr).toBe('');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const errors = lines.slice(0, filters.length);
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'SockDiagError', code: 'EPERM' });
      expect(error.message).toMatch(/CAP_NET_ADMIN/);
    }
    expect(lines.slice(filters.length)).toEqual([true, false, true]);
  });
});
