/** Wrong options of the dumps of /proc/net are told at the call, by name; so is what the text cannot tell. */
import { expect, test } from 'vitest';

import { dumpRaw, dumpSctp, dumpTcp, dumpVsock } from '../../lib/index.js';
import * as proc from '../../lib/proc/index.js';

// What TypeScript would refuse, JavaScript must.
type Loose = (options?: unknown) => unknown;

const DUMPS: Readonly<Record<string, Loose>> = {
  dumpTcp: proc.dumpTcp as Loose,
  dumpUdp: proc.dumpUdp as Loose,
  dumpUdpLite: proc.dumpUdpLite as Loose,
  dumpRaw: proc.dumpRaw as Loose,
  dumpIcmp: proc.dumpIcmp as Loose,
  dumpUnix: proc.dumpUnix as Loose,
  dumpPacket: proc.dumpPacket as Loose,
  dumpNetlink: proc.dumpNetlink as Loose,
  dumpPfKey: proc.dumpPfKey as Loose,
};

test.each(Object.entries(DUMPS))('%s: what every dump refuses', (name, dump) => {
  for (const [options, words] of [
    [null, `${name}: options must be an object, not null`],
    [{ roots: '/' }, `${name}: there is no option 'roots', only `],
    [{ root: 3 }, `${name}: options.root is 3, but must be the path of a directory with net/ in it`],
    [{ root: '' }, `${name}: options.root is ''`],
    [{ root: 'a\0b' }, `${name}: options.root is `],
    [{ root: '/proc/1', netns: 1 }, `${name}: options.root and options.netns cannot be both`],
    [{ root: '/proc/1', owners: true }, `${name}: options.root and options.owners cannot be both`],
    [{ netns: -1 }, `${name}: options.netns is -1`],
    [{ owners: 1 }, `${name}: options.owners is 1`],
    [{ signal: 1 }, `${name}: options.signal is 1`],
  ] as const) {
    expect(() => dump(options)).toThrow(TypeError);
    expect(() => dump(options)).toThrow(words);
  }
});

test.each([
  ['dumpTcp', { states: ['BOUND_INACTIVE'] }, "options.states[0] is 'BOUND_INACTIVE', but must be"],
  ['dumpTcp', { show: ['name'] }, "options.show[0] is 'name', but must be"],
  ['dumpTcp', { family: 'unix' }, "options.family is 'unix'"],
  ['dumpTcp', { fallback: 'proc' }, "there is no option 'fallback'"],
  ['dumpTcp', { filter: 'dev = 1' }, 'asks for the network interface (dev), which /proc/net does not tell'],
  ['dumpUdp', { filter: 'sport = :1 and not fwmark = 1' }, 'asks for the mark (fwmark)'],
  ['dumpUdp', { filter: 'cgroup /' }, 'asks for the cgroup (cgroup)'],
  ['dumpTcp', { filter: 'autobound' }, 'asks for whether the kernel chose the port (autobound)'],
  ['dumpRaw', { filter: 'dport = :7' }, 'asks for the remote port (port)'],
  ['dumpRaw', { filter: 'dst 127.0.0.1:7' }, 'asks for the remote port (host)'],
  ['dumpTcp', { filter: 'state bound-inactive' }, 'asks for sockets that are merely bound (state)'],
  ['dumpTcp', { filter: 'sport = ' }, 'port'],
  ['dumpUnix', { states: ['TIME_WAIT'] }, "options.states[0] is 'TIME_WAIT'"],
  ['dumpNetlink', { protocol: 'tcp' }, "options.protocol is 'tcp'"],
  ['dumpPfKey', { filter: 'sport = :1' }, "there is no option 'filter'"],
  ['dumpPfKey', { show: [] }, "there is no option 'show'"],
] as const)('%s(%j)', (name, options, words) => {
  expect(() => DUMPS[name]?.(options)).toThrow(words);
});

test.each([
  [dumpTcp, { fallback: 'ss' }, "options.fallback is 'ss', but must be 'proc'"],
  [dumpTcp, { fallback: 'proc', filter: 'dev = 1' }, 'asks for the network interface (dev)'],
  [dumpTcp, { fallback: 'proc', states: ['BOUND_INACTIVE'] }, "options.states has 'BOUND_INACTIVE'"],
  [dumpRaw, { fallback: 'proc', filter: 'fwmark = 1' }, 'asks for the mark (fwmark)'],
  [dumpSctp, { fallback: 'proc' }, "there is no option 'fallback'"],
  [dumpVsock, { fallback: 'proc' }, "there is no option 'fallback'"],
] as const)('netlink: %#', (dump, options, words) => {
  expect(() => (dump as Loose)(options)).toThrow(TypeError);
  expect(() => (dump as Loose)(options)).toThrow(words);
});

test('without fallback, the kernel is asked for all of that', async () => {
  expect(await dumpTcp({ filter: 'dev = 1' }).toArray()).toEqual(expect.any(Array));
  expect(await dumpTcp({ states: ['BOUND_INACTIVE'] }).toArray()).toEqual(expect.any(Array));
});

test('there are no messages to record', async () => {
  const dump = proc.dumpUdp();
  expect(() => dump.raw()).toThrow(/raw\(\) is for netlink messages/);
});
