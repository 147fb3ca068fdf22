/** The structures of SMC, and what is to become of their members. */
import { AF_INET, AF_INET6, addressOf, familyName, hexadecimal, sockid, text } from './decoders_readings.js';
import { asRecord, inAttribute, type Proof, SMC } from './decoders_ways.js';
import type { MemberRule, Rules } from './rules.js';

const AF_SMC = 43;

/** Whether an address of the family AF_SMC is of IPv4 can be guessed only: by zeros behind its first word. */
const eitherAddress = (number: number, bytes: Uint8Array): string =>
  addressOf(bytes.subarray(4).every((byte) => byte === 0) ? AF_INET : AF_INET6)(number, bytes);

/** The guess is for both addresses. */
const EITHER: MemberRule[] = [
  { member: 'id.idiag_src', properties: { src: eitherAddress, dst: 'changes' } },
  { member: 'id.idiag_dst', properties: { dst: eitherAddress, src: 'changes' } },
];

/** By the family it is decided whether addresses are of IPv4. */
const FAMILY: MemberRule = {
  member: 'diag_family',
  properties: {
    family: familyName((number) => (number === AF_SMC ? 'smc' : `unknown_${number}`)),
    src: 'changes',
    dst: 'changes',
  },
};

const msgRules = (family: number): Rules => ({
  prefixes: ['diag_', 'id.', 'idiag_'],
  given: { diag_family: family },
  members: [
    FAMILY,
    ...(family === AF_SMC ? EITHER : []),
    ...sockid(family),
    { member: 'diag_state', as: 'distinct' },
    { member: 'diag_mode', as: 'distinct' },
    // The same member by its older name.
    { member: 'diag_fallback', property: 'mode', as: 'distinct' },
    { member: 'diag_shutdown', ignored: 'no kernel fills it in: there is an attribute instead' },
  ],
});

/** Bits as they go over the network, the first one the highest. */
const highest = (property: string, ...names: string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name, i) => [`${property}.${name}`, 0x80 >> i]));

const prodFlags = (member: string, property: string): MemberRule => ({
  member,
  flags: highest(
    property,
    'writeBlocked',
    'urgDataPending',
    'urgDataPresent',
    'consCursUpdReq',
    'failoverValidation',
  ),
  others: [`${property}.unknown`],
});

const connStateFlags = (member: string, property: string): MemberRule => ({
  member,
  flags: highest(property, 'peerDoneWriting', 'peerConnClosed', 'peerConnAbort'),
  others: [`${property}.unknown`],
});

const CURSORS = ['rx_prod', 'rx_cons', 'tx_prod', 'tx_cons', 'tx_prep', 'tx_sent', 'tx_fin'];

const CONNINFO: Rules = {
  members: [
    ...CURSORS.map((cursor) => ({
      member: `${cursor}.reserved`,
      as: (number: number) => (number === 0 ? undefined : number),
    })),
    prodFlags('rx_prod_flags', 'rxProdFlags'),
    prodFlags('tx_prod_flags', 'txProdFlags'),
    connStateFlags('rx_conn_state_flags', 'rxConnStateFlags'),
    connStateFlags('tx_conn_state_flags', 'txConnStateFlags'),
  ],
};

/** There is one link, which is given out without its array. */
const LGRINFO: Rules = {
  prefixes: ['0.'],
  members: [
    { member: 'lnk[0].ibname', as: text },
    { member: 'lnk[0].gid', as: text },
    { member: 'lnk[0].peer_gid', as: text },
    { member: 'role', as: 'distinct' },
  ],
};

const DMBINFO_NAMES = ['peer_gid', 'my_gid', 'token', 'peer_token', 'peer_gid_ext', 'my_gid_ext'];

const DMBINFO: Rules = { members: DMBINFO_NAMES.map((member) => ({ member, as: hexadecimal })) };

const inSmc = (structure: string, number: number, property: string, rules: Rules): Proof => ({
  structure,
  where: 'smc',
  decode: inAttribute(SMC, number, property),
  rules,
});

export const SMC_PROOFS: readonly Proof[] = [
  ...[AF_SMC, AF_INET, AF_INET6].map((family) => ({
    structure: 'smc_diag_msg',
    where: `smc, family ${family}`,
    decode: asRecord(SMC),
    rules: msgRules(family),
  })),
  inSmc('smc_diag_conninfo', 1, 'conninfo', CONNINFO),
  inSmc('smc_diag_lgrinfo', 2, 'lgrinfo', LGRINFO),
  inSmc('smcd_diag_dmbinfo', 4, 'dmbinfo', DMBINFO),
  inSmc('smc_diag_fallback', 5, 'fallback', {}),
];
