/** The structures of the families that are not IP, but SMC, and what is to become of their members. */
import { cookie, flags, shutdown } from './decoders_readings.js';
import {
  asRecord,
  inArray,
  inAttribute,
  intoRecord,
  NETLINK,
  PACKET,
  type Proof,
  UNIX,
  VSOCK,
  XDP,
} from './decoders_ways.js';
import type { MemberRule, Rules } from './rules.js';

/** What the record of a family says of a member that tells the family. */
const ofFamily = (member: string): MemberRule => ({ member, ignored: 'the walker lets no other pass' });
const FAMILY = { family: 'the walker lets no other pass' };
const NOTHING = 'the kernel fills in zero';

const skMeminfo = (where: string, decode: Proof['decode']): Proof => ({
  structure: 'SK_MEMINFO',
  where,
  decode,
  rules: { prefixes: ['sk_meminfo_'] },
});

/** Of the kernel's numbers of devices 20 bits are the minor one; stat(2) has room for more in between. */
function statDevice(device: number): number {
  const [major, minor] = [BigInt(device) >> 20n, BigInt(device) & 0xfffffn];
  return Number((minor & 0xffn) | (major << 8n) | ((minor >> 8n) << 20n));
}

const UNIX_MSG: Rules = {
  prefixes: ['udiag_'],
  members: [
    ofFamily('udiag_family'),
    { member: 'udiag_type', as: 'distinct' },
    { member: 'udiag_state', as: 'distinct' },
    { member: 'pad', ignored: NOTHING },
    { member: 'udiag_ino', property: 'inode' },
    { member: 'udiag_cookie', as: cookie },
  ],
  elsewhere: FAMILY,
};

const UNIX_VFS: Rules = {
  members: [
    { member: 'udiag_vfs_ino', property: 'inode' },
    { member: 'udiag_vfs_dev', property: 'dev', as: statDevice },
  ],
};

const UNIX_PROOFS: Proof[] = [
  { structure: 'unix_diag_msg', where: 'unix', decode: asRecord(UNIX), rules: UNIX_MSG },
  { structure: 'unix_diag_vfs', where: 'unix', decode: inAttribute(UNIX, 1, 'vfs'), rules: UNIX_VFS },
  {
    structure: 'unix_diag_rqlen',
    where: 'unix',
    decode: intoRecord(UNIX, 4, 'rqueue', 'wqueue'),
    rules: { prefixes: ['udiag_'] },
  },
  skMeminfo('unix', inAttribute(UNIX, 5, 'meminfo')),
];

const PACKET_MSG: Rules = {
  prefixes: ['pdiag_'],
  members: [
    ofFamily('pdiag_family'),
    { member: 'pdiag_type', as: 'distinct' },
    { member: 'pdiag_ino', property: 'inode' },
    { member: 'pdiag_cookie', as: cookie },
  ],
  elsewhere: FAMILY,
};

const PACKET_INFO: Rules = {
  prefixes: ['pdi_'],
  members: [
    // The kernel puts an int there, which is -1 for an interface that is gone.
    { member: 'pdi_index', as: (number) => number | 0 },
    { member: 'pdi_version', as: 'distinct' },
    {
      member: 'pdi_flags',
      flags: flags('flags', ['running', 'auxdata', 'origdev', 'vnethdr', 'loss']),
      others: ['flags.unknown'],
    },
  ],
};

const PACKET_MCLIST: Rules = {
  prefixes: ['pdmc_'],
  members: [
    { member: 'pdmc_type', as: 'distinct' },
    { member: 'pdmc_alen', properties: { alen: 'number', addr: 'changes' } },
    { member: 'pdmc_addr', given: { pdmc_alen: 32 } },
  ],
};

const PACKET_PROOFS: Proof[] = [
  { structure: 'packet_diag_msg', where: 'packet', decode: asRecord(PACKET), rules: PACKET_MSG },
  {
    structure: 'packet_diag_info',
    where: 'packet',
    decode: inAttribute(PACKET, 0, 'info'),
    rules: PACKET_INFO,
  },
  {
    structure: 'packet_diag_mclist',
    where: 'packet',
    decode: inArray(PACKET, 1, 'mclist'),
    rules: PACKET_MCLIST,
  },
  ...['rxRing', 'txRing'].map((ring, i) => ({
    structure: 'packet_diag_ring',
    where: `packet, ${ring}`,
    decode: inAttribute(PACKET, 2 + i, ring),
    rules: { prefixes: ['pdr_'] },
  })),
  skMeminfo('packet', inAttribute(PACKET, 6, 'meminfo')),
  { structure: 'sock_filter', where: 'packet', decode: inArray(PACKET, 7, 'filter'), rules: {} },
];

const NETLINK_MSG: Rules = {
  prefixes: ['ndiag_'],
  members: [
    ofFamily('ndiag_family'),
    { member: 'ndiag_type', as: 'distinct' },
    { member: 'ndiag_protocol', as: 'distinct' },
    { member: 'ndiag_state', as: 'distinct' },
    { member: 'ndiag_ino', property: 'inode' },
    { member: 'ndiag_cookie', as: cookie },
  ],
  elsewhere: FAMILY,
};

const NETLINK_PROOFS: Proof[] = [
  { structure: 'netlink_diag_msg', where: 'netlink', decode: asRecord(NETLINK), rules: NETLINK_MSG },
  skMeminfo('netlink', inAttribute(NETLINK, 0, 'meminfo')),
  ...['rxRing', 'txRing'].map((ring, i) => ({
    structure: 'netlink_diag_ring',
    where: `netlink, ${ring}`,
    decode: inAttribute(NETLINK, 2 + i, ring),
    rules: { prefixes: ['ndr_'] },
  })),
];

const VSOCK_MSG: Rules = {
  prefixes: ['vdiag_'],
  members: [
    ofFamily('vdiag_family'),
    { member: 'vdiag_type', as: 'distinct' },
    { member: 'vdiag_state', as: 'distinct' },
    { member: 'vdiag_shutdown', as: shutdown },
    { member: 'vdiag_ino', property: 'inode' },
    { member: 'vdiag_cookie', as: cookie },
  ],
  elsewhere: FAMILY,
};

const XDP_MSG: Rules = {
  prefixes: ['xdiag_'],
  members: [
    ofFamily('xdiag_family'),
    { member: 'xdiag_type', as: 'distinct' },
    { member: 'pad', ignored: NOTHING },
    { member: 'xdiag_ino', property: 'inode' },
    { member: 'xdiag_cookie', as: cookie },
  ],
  elsewhere: FAMILY,
};

const XDP_UMEM: Rules = {
  members: [{ member: 'flags', flags: flags('flags', ['zerocopy']), others: ['flags.unknown'] }],
};

const XDP_RINGS: readonly [number, string][] = [
  [3, 'rxRing'],
  [4, 'txRing'],
  [6, 'umemFillRing'],
  [7, 'umemCompletionRing'],
];

const XDP_PROOFS: Proof[] = [
  { structure: 'xdp_diag_msg', where: 'xdp', decode: asRecord(XDP), rules: XDP_MSG },
  { structure: 'xdp_diag_info', where: 'xdp', decode: inAttribute(XDP, 1, 'info'), rules: {} },
  ...XDP_RINGS.map(([number, ring]) => ({
    structure: 'xdp_diag_ring',
    where: `xdp, ${ring}`,
    decode: inAttribute(XDP, number, ring),
    rules: {},
  })),
  { structure: 'xdp_diag_umem', where: 'xdp', decode: inAttribute(XDP, 5, 'umem'), rules: XDP_UMEM },
  skMeminfo('xdp', inAttribute(XDP, 8, 'meminfo')),
  { structure: 'xdp_diag_stats', where: 'xdp', decode: inAttribute(XDP, 9, 'stats'), rules: {} },
];

export const LINK_PROOFS: readonly Proof[] = [
  ...UNIX_PROOFS,
  ...PACKET_PROOFS,
  ...NETLINK_PROOFS,
  { structure: 'vsock_diag_msg', where: 'vsock', decode: asRecord(VSOCK), rules: VSOCK_MSG },
  ...XDP_PROOFS,
];
