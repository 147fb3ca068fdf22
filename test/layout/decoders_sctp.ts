/** The structures of SCTP, and the socket addresses that it has, and what is to become of their members. */
import { attribute } from '../messages.js';
import { msgRules } from './decoders_inet.js';
import { AF_INET, AF_INET6, addressOf, familyName, flags } from './decoders_readings.js';
import { inAttribute, inet, type Proof, type Way } from './decoders_ways.js';
import type { Structure } from './headers.js';
import type { Decode } from './prove.js';
import type { Rules } from './rules.js';

const SCTP: Way = inet('sctp');

const INET_DIAG_LOCALS = 12;
const INET_DIAG_PEERS = 13;

const SOCKADDR_STORAGE_LENGTH = 128;

/** What a sockaddr_storage is filled with. */
export const SOCKET_ADDRESSES: readonly Structure[] = [
  { name: 'sockaddr_in', header: 'linux/in.h' },
  { name: 'sockaddr_in6', header: 'linux/in6.h' },
];

/** The second of an array of addresses. */
const inAddresses =
  (number: number, property: 'locals' | 'peers'): Decode =>
  (structure) => {
    const two = Buffer.alloc(2 * SOCKADDR_STORAGE_LENGTH);
    structure.copy(two, SOCKADDR_STORAGE_LENGTH);
    const record = SCTP.read(Buffer.alloc(SCTP.length), attribute(number, two));
    return (record as Record<typeof property, object[]>)[property][1] as object;
  };

const IN: Rules = {
  prefixes: ['sin_'],
  given: { sin_family: AF_INET },
  members: [
    {
      member: 'sin_family',
      properties: { family: familyName((number) => `unknown_${number}`), addr: 'changes' },
    },
    { member: 'sin_port', as: 'bigEndian' },
    { member: 'sin_addr.s_addr', property: 'addr', as: addressOf(AF_INET) },
    { member: '__pad', ignored: 'padding' },
  ],
};

const IN6: Rules = {
  prefixes: ['sin6_'],
  given: { sin6_family: AF_INET6 },
  members: [
    {
      member: 'sin6_family',
      properties: {
        family: familyName((number) => `unknown_${number}`),
        addr: 'changes',
        scopeId: 'changes',
        flowinfo: 'changes',
      },
    },
    { member: 'sin6_port', as: 'bigEndian' },
    { member: 'sin6_flowinfo', as: 'bigEndian' },
    ...[8, 16, 32].map((bits) => ({
      member: `sin6_addr.in6_u.u6_addr${bits}`,
      property: 'addr',
      as: addressOf(AF_INET6),
    })),
  ],
};

const ADDRESSES: Proof[] = (['locals', 'peers'] as const).flatMap((property) => {
  const decode = inAddresses(property === 'locals' ? INET_DIAG_LOCALS : INET_DIAG_PEERS, property);
  return [
    { structure: 'sockaddr_in', where: property, decode, rules: IN },
    { structure: 'sockaddr_in6', where: property, decode, rules: IN6 },
  ];
});

/** Of a sockaddr_storage no more than the family has a name; sockaddr_in6 is proved beside. */
const STORAGE = ['pAddress.port', 'pAddress.addr', 'pAddress.scopeId', 'pAddress.flowinfo'];

const INFO: Rules = {
  prefixes: ['sctpi_'],
  given: { 'sctpi_p_address.ss_family': AF_INET6 },
  members: [
    { member: 'sctpi_state', as: 'distinct' },
    {
      member: 'sctpi_peer_capable',
      flags: flags('peerCapable', ['auth', 'prsctp', 'asconf', 'reconf', 'ipv6', 'ipv4', 'ecn', 'intl']),
    },
    {
      member: 'sctpi_peer_sack',
      flags: flags('peerSack', ['zeroWindowAnnounced', 'sackGeneration', 'sackNeeded']),
      others: ['peerSack.unknown'],
    },
    {
      member: 'sctpi_p_address.ss_family',
      // Without a family there is no address at all.
      properties: {
        'pAddress.family': familyName((number) => (number === 0 ? undefined : `unknown_${number}`)),
        'pAddress.addr': 'changes',
        'pAddress.port': 'changes',
        'pAddress.scopeId': 'changes',
        'pAddress.flowinfo': 'changes',
      },
    },
    { member: 'sctpi_p_address.__ss_padding', properties: STORAGE },
    { member: 'sctpi_p_address.__ss_align', ignored: 'it lies behind what an address has' },
    // The same in the kernel's own words.
    { member: 'sctpi_p_address.__data', properties: STORAGE },
    { member: 'sctpi_p_address.__align', properties: ['pAddress.family', ...STORAGE] },
    { member: 'sctpi_p_state', as: 'distinct' },
    { member: 'sctpi_s_nodelay', as: 'boolean' },
    { member: 'sctpi_s_disable_fragments', as: 'boolean' },
    { member: 'sctpi_s_v4mapped', as: 'boolean' },
    ...[1, 2, 3].map((i) => ({ member: `__reserved${i}`, ignored: 'the kernel fills in zero' })),
  ],
};

/** An association is what has peers: its state is told by other words. */
const ASSOCIATION: Proof = {
  structure: 'inet_diag_msg',
  where: 'sctp, an association',
  decode: (structure) => SCTP.read(structure, attribute(INET_DIAG_PEERS, Buffer.alloc(0))),
  rules: msgRules(AF_INET),
};

export const SCTP_PROOFS: readonly Proof[] = [
  ASSOCIATION,
  ...ADDRESSES,
  { structure: 'sctp_info', where: 'sctp', decode: inAttribute(SCTP, 2, 'info'), rules: INFO },
];
