/** The structures of the IP protocols but SCTP, and what is to become of their members. */
import {
  AF_INET,
  AF_INET6,
  addressOf,
  familyName,
  flags,
  hexadecimal,
  orInfinity,
  sockid,
} from './decoders_readings.js';
import {
  asRecord,
  INET_PROTOCOLS,
  inArray,
  inAttribute,
  inet,
  type Proof,
  TCP_WITH_KEYS,
  type Way,
} from './decoders_ways.js';
import type { Layout } from './layout.js';
import type { MemberRule, Reading, Rules } from './rules.js';

const TCP: Way = inet('tcp');
const MPTCP: Way = inet('mptcp');

/** `inet_diag_msg` of one family. */
export const msgRules = (family: number, state: Reading = 'distinct'): Rules => ({
  prefixes: ['id.', 'idiag_'],
  given: { idiag_family: family },
  members: [
    {
      member: 'idiag_family',
      properties: { family: familyName(() => 'inet6'), src: 'changes', dst: 'changes' },
    },
    { member: 'idiag_state', as: state },
    // Without a timer there is nothing that expires.
    {
      member: 'idiag_timer',
      given: { idiag_expires: 7 },
      properties: { timer: 'distinct', expires: (timer) => (timer === 0 ? 0 : 7) },
    },
    { member: 'idiag_expires', given: { idiag_timer: 1 } },
    ...sockid(family),
  ],
  elsewhere: { protocol: 'the kernel does not tell it' },
});

/** Those of TCP with one bit or none, which are tried. */
const TCP_STATES: Readonly<Record<number, string>> = {
  0: 'UNKNOWN_0',
  1: 'ESTABLISHED',
  2: 'SYN_SENT',
  4: 'FIN_WAIT1',
  8: 'CLOSE_WAIT',
};

/** Behind the states of TCP there is one more, whose number is not the same in all kernels. */
const dccpState: Reading = (number) => (number > 12 ? 'PARTOPEN' : TCP_STATES[number]);

const MSG: Proof[] = INET_PROTOCOLS.flatMap((protocol) =>
  [AF_INET, AF_INET6].map((family) => ({
    structure: 'inet_diag_msg',
    where: `${protocol}, family ${family}`,
    decode: asRecord(inet(protocol)),
    rules: msgRules(family, protocol === 'dccp' ? dccpState : 'distinct'),
  })),
);

const OPTIONS = ['timestamps', 'sack', 'wscale', 'ecn', 'ecnSeen', 'synData', 'usecTs', 'tfoChild'];

/** The number of 32 bits that a member is in, all else in it being zero. */
const inWord: Reading = (_number, bytes, { offset }) => {
  const word = new Uint8Array(4);
  word.set(bytes, offset % 4);
  return new Uint32Array(word.buffer)[0];
};

const TCP_INFO: Rules = {
  prefixes: ['tcpi_'],
  members: [
    { member: 'tcpi_state', as: 'distinct' },
    { member: 'tcpi_ca_state', as: 'distinct' },
    { member: 'tcpi_options', flags: flags('options', OPTIONS) },
    { member: 'tcpi_fastopen_client_fail', as: 'distinct' },
    { member: 'tcpi_snd_ssthresh', as: (number) => (number === 0x7fff_ffff ? Infinity : number) },
    { member: 'tcpi_pacing_rate', as: orInfinity },
    { member: 'tcpi_max_pacing_rate', as: orInfinity },
    { member: 'tcpi_min_rtt', as: orInfinity },
    // What these four bytes are changed in Linux 7.0, so that they are given out as they are.
    { member: 'tcpi_accecn_fail_mode', property: 'accecn', as: inWord },
    { member: 'tcpi_accecn_opt_seen', property: 'accecn', as: inWord },
    { member: 'tcpi_ecn_mode', property: 'accecn', as: inWord },
    { member: 'tcpi_options2', property: 'accecn', as: inWord },
  ],
};

/** Members that newer kernels have where this one has spare bytes, by their place. */
const MPTCP_SPARE: ReadonlyMap<number, string> = new Map([
  [81, 'endpLaminarMax'],
  [82, 'endpFullmeshMax'],
]);

function spareRules({ members }: Layout): MemberRule[] {
  const spare = members.find(({ path }) => path === 'reserved');
  if (spare === undefined) return [];
  const { path, offset, mask } = spare;
  const taken = [...MPTCP_SPARE].filter(([at]) => at >= offset && at < offset + mask.length);
  if (taken.length === 0) return [{ member: path, ignored: 'nothing is there' }];
  const properties: [string, Reading][] = taken.map(([at, name]) => [name, (_number, b) => b[at - offset]]);
  return [{ member: path, properties: Object.fromEntries(properties) }];
}

const mptcpInfo = (layout: Layout): Rules => ({
  prefixes: ['mptcpi_'],
  members: [
    {
      member: 'mptcpi_flags',
      flags: flags('flags', ['fallback', 'remoteKeyReceived']),
      others: ['flags.unknown'],
    },
    { member: 'mptcpi_csum_enabled', as: 'boolean' },
    ...['write_seq', 'snd_una', 'rcv_nxt'].map((name) => ({ member: `mptcpi_${name}`, as: hexadecimal })),
    ...spareRules(layout),
  ],
});

const md5sig = (family: number, ...key: MemberRule[]): Rules => ({
  prefixes: ['tcpm_'],
  given: { tcpm_family: family },
  members: [
    {
      member: 'tcpm_family',
      properties: { family: familyName((number) => `unknown_${number}`), addr: 'changes' },
    },
    { member: 'tcpm_addr', as: addressOf(family) },
    ...key,
  ],
});

const WITHOUT_KEY: MemberRule[] = [{ member: 'tcpm_key', ignored: 'a secret, which was not asked for' }];

const WITH_KEY: MemberRule[] = [
  { member: 'tcpm_keylen', properties: { keylen: 'number', key: 'changes' } },
  { member: 'tcpm_key', given: { tcpm_keylen: 80 } },
];

const MD5SIG: Proof[] = [AF_INET, AF_INET6].flatMap((family) => [
  {
    structure: 'tcp_diag_md5sig',
    where: `tcp, family ${family}`,
    decode: inArray(TCP, 18, 'md5sig'),
    rules: md5sig(family, ...WITHOUT_KEY),
  },
  {
    structure: 'tcp_diag_md5sig',
    where: `tcp, family ${family}, with keys`,
    decode: inArray(TCP_WITH_KEYS, 18, 'md5sig'),
    rules: md5sig(family, ...WITH_KEY),
  },
]);

/** Attributes that records of every protocol have. */
const ofAll = (structure: string, number: number, property: string, rules: Rules): Proof[] =>
  INET_PROTOCOLS.map((protocol) => ({
    structure,
    where: protocol,
    decode: inAttribute(inet(protocol), number, property),
    rules,
  }));

const SOCKOPT: Rules = { members: [{ member: 'unused', property: 'unknown', as: 'distinct' }] };

export const INET_PROOFS: readonly Proof[] = [
  ...MSG,
  ...ofAll('inet_diag_meminfo', 1, 'meminfo', { prefixes: ['idiag_'] }),
  ...ofAll('SK_MEMINFO', 7, 'skmeminfo', { prefixes: ['sk_meminfo_'] }),
  ...ofAll('inet_diag_sockopt', 22, 'sockopt', SOCKOPT),
  { structure: 'tcp_info', where: 'tcp', decode: inAttribute(TCP, 2, 'info'), rules: TCP_INFO },
  { structure: 'tcp_info', where: 'dccp', decode: inAttribute(inet('dccp'), 2, 'info'), rules: TCP_INFO },
  { structure: 'mptcp_info', where: 'mptcp', decode: inAttribute(MPTCP, 2, 'info'), rules: mptcpInfo },
  ...MD5SIG,
  {
    structure: 'tcpvegas_info',
    where: 'tcp',
    decode: inAttribute(TCP, 3, 'vegasinfo'),
    rules: { prefixes: ['tcpv_'], members: [{ member: 'tcpv_enabled', as: 'boolean' }] },
  },
  {
    structure: 'tcp_dctcp_info',
    where: 'tcp',
    decode: inAttribute(TCP, 9, 'dctcpinfo'),
    rules: { prefixes: ['dctcp_'], members: [{ member: 'dctcp_enabled', as: 'boolean' }] },
  },
  {
    structure: 'tcp_bbr_info',
    where: 'tcp',
    decode: inAttribute(TCP, 16, 'bbrinfo'),
    rules: {
      prefixes: ['bbr_'],
      members: [
        { member: 'bbr_bw_lo', property: 'bw' },
        { member: 'bbr_bw_hi', property: 'bw', as: (number) => number * 2 ** 32 },
        { member: 'bbr_min_rtt', as: orInfinity },
      ],
    },
  },
];
