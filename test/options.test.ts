/** Wrong arguments are told at the call, by name, with what is allowed; no system call is made for them. */
import { expect, test } from 'vitest';

import {
  decode,
  dumpDccp,
  dumpMptcp,
  dumpRaw,
  dumpSctp,
  dumpTcp,
  dumpUdp,
  dumpUdpLite,
  dumpUnix,
} from '../lib/index.js';

// What TypeScript would refuse, JavaScript must.
type Loose = (options?: unknown) => unknown;
const calls: Record<string, Loose> = {
  dumpTcp: dumpTcp as Loose,
  dumpUdp: dumpUdp as Loose,
  dumpUdpLite: dumpUdpLite as Loose,
  dumpUnix: dumpUnix as Loose,
  dumpRaw: dumpRaw as Loose,
  dumpSctp: dumpSctp as Loose,
  dumpDccp: dumpDccp as Loose,
  dumpMptcp: dumpMptcp as Loose,
  decode: ((options) => decode(new Uint8Array(), options as never)) as Loose,
};

const wrong: [call: string, options: unknown, words: string][] = [
  ['dumpTcp', null, 'dumpTcp: options must be an object, not null'],
  ['dumpTcp', 'tcp', "dumpTcp: options must be an object, not 'tcp'"],
  ['dumpTcp', ['LISTEN'], 'dumpTcp: options must be an object, not an array'],
  [
    'dumpTcp',
    { state: ['LISTEN'] },
    "there is no option 'state', only 'signal', 'netns', 'filter', 'owners', 'family', 'show', 'consistent', 'states', 'bpfMaps', 'parallel' and 'fallback'",
  ],
  ['dumpTcp', { show: ['name'] }, "options.show[0] is 'name', but must be 'meminfo', 'tos', 'tclass',"],
  ['dumpTcp', { show: 'info' }, "options.show is 'info', but must be an array of 'meminfo',"],
  ['dumpTcp', { show: ['shutdown'] }, "options.show[0] is 'shutdown'"],
  ['dumpTcp', { bpfMaps: [] }, 'options.bpfMaps is an array, but must be an array of open file descriptors'],
  ['dumpTcp', { bpfMaps: [-1] }, 'options.bpfMaps[0] is -1, but must be an open file descriptor'],
  ['dumpTcp', { filter: 22 }, 'options.filter must be the text of a filter, or the tree of one'],
  ['dumpTcp', { filter: { kind: 'port?' } }, 'options.filter is no part of a filter: there is no kind port?'],
  ['dumpTcp', { owners: 'tcp' }, "options.owners is 'tcp', but must be true, false or 'bpf'"],
  ['dumpUnix', { owners: 1 }, "options.owners is 1, but must be true, false or 'bpf'"],
  ['decode', { owners: true }, "decode: there is no option 'owners'"],
  ['dumpTcp', { filter: null }, 'options.filter must be the text of a filter'],
  ['dumpUdp', { show: ['info'] }, "options.show[0] is 'info', but must be 'meminfo', 'tos', 'tclass',"],
  ['dumpUdp', { bpfMaps: [3] }, "dumpUdp: there is no option 'bpfMaps'"],
  ['dumpMptcp', { show: ['cong'] }, "options.show[0] is 'cong'"],
  ['dumpSctp', { show: ['md5sig'] }, "options.show[0] is 'md5sig'"],
  ['dumpSctp', { states: ['LISTEN'] }, "dumpSctp: there is no option 'states'"],
  ['dumpRaw', { states: ['CLOSE'] }, "dumpRaw: there is no option 'states'"],
  ['dumpDccp', { show: ['cong'] }, "options.show[0] is 'cong'"],
  ['dumpTcp', { __proto__: null, toString: 1 }, "there is no option 'toString'"],
  ['dumpTcp', { family: 'ipv4' }, "dumpTcp: options.family is 'ipv4', but must be 'inet' or 'inet6'"],
  ['dumpTcp', { family: 2 }, "options.family is 2, but must be 'inet' or 'inet6'"],
  ['dumpTcp', { family: null }, 'options.family is null'],
  ['dumpTcp', { states: 'LISTEN' }, "options.states is 'LISTEN', but must be an array of 'ESTABLISHED',"],
  ['dumpTcp', { states: ['listen'] }, "options.states[0] is 'listen', but must be 'ESTABLISHED',"],
  ['dumpTcp', { states: ['LISTEN', 10] }, 'options.states[1] is 10'],
  ['dumpTcp', { states: [] }, 'options.states is empty'],
  ['dumpTcp', { states: new Array(1) }, 'options.states[0] is undefined'],
  ['dumpTcp', { signal: {} }, 'options.signal is an object, but must be an AbortSignal'],
  ['dumpTcp', { netns: '' }, "options.netns is '', but must be a name under /run/netns"],
  ['dumpTcp', { netns: '..' }, "options.netns is '..'"],
  ['dumpTcp', { netns: 'a\0b' }, 'options.netns is'],
  ['dumpTcp', { netns: 0 }, 'options.netns is 0'],
  ['dumpTcp', { netns: -1 }, 'options.netns is -1'],
  ['dumpTcp', { netns: 1.5 }, 'options.netns is 1.5'],
  ['dumpTcp', { netns: Number.NaN }, 'options.netns is NaN'],
  ['dumpTcp', { netns: 2 ** 31 }, 'options.netns is 2147483648'],
  ['dumpTcp', { netns: 5n }, 'options.netns is 5n'],
  ['dumpTcp', { netns: { fd: -1 } }, 'options.netns is an object'],
  ['dumpTcp', { netns: null }, 'options.netns is null'],
  ['dumpTcp', { netns: Symbol('x') }, 'options.netns is Symbol(x)'],
  ['decode', { protocol: 'icmp' }, "options.protocol is 'icmp', but must be 'tcp', 'udp',"],
  ['decode', { show: ['info'] }, "options.show[0] is 'info', but must be 'md5sig'"],
  ['decode', { netns: 'blue' }, "decode: there is no option 'netns'"],
  ['dumpUdp', { states: ['X'.repeat(1000)] }, `dumpUdp: options.states[0] is '${'X'.repeat(40)}…'`],
  ['dumpTcp', { consistent: 1 }, 'options.consistent is 1, but must be true or false'],
  ['dumpUdpLite', { proto: 1 }, 'dumpUdpLite: there is no option'],
  [
    'dumpUnix',
    { family: 'inet' },
    "dumpUnix: there is no option 'family', only 'signal', 'netns', 'filter', 'owners', 'consistent', 'states', 'show' and 'fallback'",
  ],
  [
    'dumpUnix',
    { states: ['TIME_WAIT'] },
    "options.states[0] is 'TIME_WAIT', but must be 'ESTABLISHED', 'CLOSE' or 'LISTEN'",
  ],
  [
    'dumpUnix',
    { show: ['names'] },
    "options.show[0] is 'names', but must be 'name', 'vfs', 'peer', 'icons', 'rqlen', 'meminfo' or 'uid'",
  ],
];

test.each(wrong)('%s(%o) is a TypeError', (call, options, words) => {
  const act = () => (calls[call] as Loose)(options);
  expect(act).toThrow(TypeError);
  expect(act).toThrow(words);
});

test('what is undefined counts as not given', async () => {
  await dumpTcp(undefined).toArray();
  await dumpTcp({ family: undefined, states: undefined, signal: undefined, netns: undefined }).toArray();
  await dumpUnix({ show: undefined }).toArray();
});

test('options are read at the call: to change them later changes nothing', async () => {
  const states: ('LISTEN' | 'ESTABLISHED')[] = ['LISTEN'];
  const dump = dumpUnix({ states });
  states[0] = 'ESTABLISHED';
  for (const socket of await dump.toArray()) expect(socket.state).toBe('LISTEN');
});
