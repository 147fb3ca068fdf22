/** The library has the word for every number that the headers here have a name for, and the number for every word. */
import { expect, test } from 'vitest';

import { type Dump, decode, dumpMptcp, dumpNetlink, dumpTcp } from '../../lib/index.js';
import { message, words as u32s } from '../messages.js';
import { skip } from '../tools.js';
import { membersOf, requestOf, requestsOf } from './decoders_requests.js';
import { compilers, layoutsOfHeaders } from './headers.js';
import type { Layout } from './layout.js';
import { numbersOfHeaders } from './numbers.js';
import { attributeTopics } from './numbers_attributes.js';
import { WISHES } from './numbers_requests.js';
import type { Headers, Topic } from './numbers_topics.js';
import { wordTopics } from './numbers_words.js';
import { STRUCTURES } from './structures.js';

/** <netinet/in.h> comes before headers of the kernel that have the same; then these leave it to that. */
const HEADERS: readonly string[] = [
  'sys/socket.h',
  'netinet/in.h',
  'linux/version.h',
  'linux/bpf.h',
  'linux/if_packet.h',
  'linux/inet_diag.h',
  'linux/mptcp.h',
  'linux/netlink.h',
  'linux/netlink_diag.h',
  'linux/packet_diag.h',
  'linux/sctp.h',
  'linux/smc_diag.h',
  'linux/sock_diag.h',
  'linux/tcp.h',
  'linux/tipc_netlink.h',
  'linux/tls.h',
  'linux/unix_diag.h',
  'linux/xdp_diag.h',
];

/** Names that are asked for one by one. */
const SINGLE: ReadonlySet<string> = new Set([
  'DCCPDIAG_GETSOCK',
  'INET_DIAG_REQ_PROTOCOL',
  'INET_DIAG_REQ_SK_BPF_STORAGES',
  'IPPROTO_MPTCP',
  'LINUX_VERSION_CODE',
  'MAX_LINKS',
  'NLA_F_NESTED',
  'NLM_F_DUMP',
  'NLM_F_REQUEST',
  'SK_DIAG_BPF_STORAGE',
  'SK_DIAG_BPF_STORAGE_REQ_MAP_FD',
  'SOCK_DIAG_BY_FAMILY',
  'TCPDIAG_GETSOCK',
  'TIPC_NLA_SOCK',
]);

/** Every name of these is there, unless it is said to be newer. */
const OLDEST = (6 << 16) | (1 << 8);
/** Every name of these is known; newer headers may have more. */
const NEWEST = (6 << 16) | (18 << 8) | 255;

const noHeaders = compilers().length === 0 && skip('there is no compiler here');

const topicsOf = (headers: Headers): Topic[] => [...attributeTopics(headers), ...wordTopics(headers)];

function headersHere(): Headers {
  const none = { numbers: new Map<string, number>(), layouts: new Map<string, Layout>() };
  if (noHeaders) return none;
  const patterns = [...topicsOf(none), ...WISHES].map(({ names }) => names);
  const isWanted = (name: string) => SINGLE.has(name) || patterns.some((names) => names.test(name));
  return { numbers: numbersOfHeaders(HEADERS, isWanted), layouts: layoutsOfHeaders(STRUCTURES) };
}

const here: Headers = headersHere();

const number = (name: string): number => here.numbers.get(name) as number;

/** A number of the headers, and what is left of its name. */
interface Named {
  name: string;
  rest: string;
  value: number;
}

const namesOf = ({ names }: { names: RegExp }): Named[] =>
  [...here.numbers].flatMap(([name, value]) => {
    const rest = names.exec(name)?.[1];
    return rest === undefined ? [] : [{ name, rest, value }];
  });

const titleOf = (names: RegExp): string => `${names.source.slice(1).split('(')[0]}*`;

/** What newer headers have is only told. */
function expectKnown(title: string, unknown: string[]): void {
  if (number('LINUX_VERSION_CODE') <= NEWEST) expect(unknown).toEqual([]);
  else if (unknown.length > 0) console.info(`${title}: the library does not know ${unknown.join(', ')}`);
}

const cases = topicsOf(here).map((topic) => {
  const named = namesOf(topic);
  const title = titleOf(topic.names) + (topic.where === undefined ? '' : ` in ${topic.where}`);
  return [title, named.length, topic, named] as const;
});

test.skipIf(noHeaders).each(cases)('%s: %i names are read right', (title, count, topic, named) => {
  const { word, said, tried, since = OLDEST } = topic;
  const found = named.map(({ name, rest, value }) => ({ name, word: word(rest), said: said(value) }));
  const known = found.filter((one) => one.said !== undefined);
  expect(known.map((one) => [one.name, one.said])).toEqual(known.map((one) => [one.name, one.word]));
  const unknown = found.filter((one) => one.said === undefined);
  expectKnown(
    title,
    unknown.map(({ name }) => name),
  );
  if (number('LINUX_VERSION_CODE') >= since) expect(count).toBeGreaterThan(0);
  const words = new Set(known.map((one) => one.word));
  const more = new Set(tried.map(said).filter((one) => one !== undefined && !words.has(one)));
  if (more.size > 0) console.info(`${title}: these headers lack ${[...more].join(', ')}`);
});

const HEADER_LENGTH = 16;

const wishes = WISHES.map((wish) => [titleOf(wish.names), wish.structure, wish.member, wish] as const);

test.skipIf(noHeaders).each(wishes)('%s is written into %s.%s', async (title, structure, member, wish) => {
  const { dumps, as = (value) => value } = wish;
  const layout = here.layouts.get(structure) as Layout;
  const named = namesOf(wish);
  const unknown: string[] = [];
  for (const { name, rest, value } of named) {
    const requests = await Promise.all(attempt(() => dumps(rest)).map(requestOf));
    if (requests.length === 0) unknown.push(name);
    const written = requests.map((bytes) => membersOf(layout, bytes.subarray(HEADER_LENGTH))[member] ?? 0);
    expect([name, ...written]).toEqual([name, ...requests.map(() => as(value))]);
  }
  expect(named.length).toBeGreaterThan(0);
  expectKnown(title, unknown);
});

/** No dump where there is no such word. */
function attempt(dumps: () => Dump<unknown>[]): Dump<unknown>[] {
  try {
    return dumps();
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}

test.skipIf(noHeaders)('the numbers of messages and of their attributes', async () => {
  const membersAt = (name: string, bytes: Buffer, at: number) =>
    membersOf(here.layouts.get(name) as Layout, bytes.subarray(at));
  const plain = await requestOf(dumpTcp({ family: 'inet' }));
  expect(membersAt('nlmsghdr', plain, 0)).toMatchObject({
    nlmsg_type: number('SOCK_DIAG_BY_FAMILY'),
    nlmsg_flags: number('NLM_F_REQUEST') | number('NLM_F_DUMP'),
  });
  const mptcp = await requestOf(dumpMptcp({ family: 'inet' }));
  expect(membersAt('nlattr', mptcp, plain.length)).toMatchObject({
    nla_type: number('INET_DIAG_REQ_PROTOCOL'),
  });
  expect(mptcp.subarray(plain.length + 4)).toEqual(u32s(number('IPPROTO_MPTCP')));
  const bpf = await requestOf(dumpTcp({ family: 'inet', bpfMaps: [7] }));
  expect(membersAt('nlattr', bpf, plain.length)).toMatchObject({
    nla_type: number('INET_DIAG_REQ_SK_BPF_STORAGES') | number('NLA_F_NESTED'),
  });
  expect(membersAt('nlattr', bpf, plain.length + 4)).toMatchObject({
    nla_type: number('SK_DIAG_BPF_STORAGE_REQ_MAP_FD'),
  });
  expect(bpf.subarray(plain.length + 8)).toEqual(u32s(7));
});

test.skipIf(noHeaders)('netlink sockets are asked for by every protocol that there can be', async () => {
  const layout = here.layouts.get('netlink_diag_req') as Layout;
  const requests = await requestsOf(dumpNetlink());
  const asked = requests.map(
    (bytes) => membersOf(layout, bytes.subarray(HEADER_LENGTH))['sdiag_protocol'] ?? 0,
  );
  expect(asked).toEqual(Array.from({ length: number('MAX_LINKS') }, (_, protocol) => protocol));
});

test.skipIf(noHeaders).each([
  ['TCPDIAG_GETSOCK', 'tcp'],
  ['DCCPDIAG_GETSOCK', 'dccp'],
])('recorded messages of the type %s are of %s', (name, protocol) => {
  const structure = Buffer.alloc(72).fill(2, 0, 1);
  const recording = message(structure, { type: number(name), flags: 0 });
  expect([...decode(recording, { protocol: 'udp' })]).toMatchObject([{ protocol }]);
});
