/** Which structures the library reads, and that each is read right; and which are not proved, and why. */
import { INET_PROOFS } from './decoders_inet.js';
import { LINK_PROOFS } from './decoders_link.js';
import { SCTP_PROOFS } from './decoders_sctp.js';
import { SMC_PROOFS } from './decoders_smc.js';
import type { Proof } from './decoders_ways.js';
import type { Layout } from './layout.js';
import { problemsOf } from './prove.js';
import type { MemberRule, Rules } from './rules.js';

export const PROOFS: readonly Proof[] = [...INET_PROOFS, ...SCTP_PROOFS, ...LINK_PROOFS, ...SMC_PROOFS];

/** Why a structure that the library knows has no proof of its own. */
export const EXCUSED: ReadonlyMap<string, string> = new Map([
  ['inet_diag_sockid', 'it is proved as a member of inet_diag_msg and of smc_diag_msg'],
  ['smc_diag_cursor', 'it is proved as the members of smc_diag_conninfo'],
  ['smc_diag_linkinfo', 'it is proved as a member of smc_diag_lgrinfo'],
  ['nlmsgerr', 'only the walker reads it, in C++, by the structure itself'],
  ['inet_diag_hostcond', 'nothing reads or writes it yet'],
]);

/** What speaks against a proof where the structure has this layout. */
export function problemsOfProof({ where, decode, rules }: Proof, layout: Layout): string[] {
  const own = typeof rules === 'function' ? rules(layout) : rules;
  const newer = newerMembers(decode, layout).map((path): MemberRule => ({ member: path, ...IN_TAIL }));
  const all: Rules =
    newer.length === 0
      ? own
      : { ...own, members: [...newer, ...(own.members ?? [])], elsewhere: { ...own.elsewhere, ...TAIL } };
  return problemsOf(layout, decode, all).map((problem) => `${where}: ${problem}`);
}

const IN_TAIL = { property: 'unknown', as: 'distinct' } as const;
const TAIL = { unknown: 'padding of what is newer' };

/** The members that lie behind all that the library knows: their bytes are given out as they are. */
export function newerMembers(decode: Proof['decode'], { size, members }: Layout): string[] {
  const { unknown } = decode(Buffer.alloc(size)) as { unknown?: unknown };
  if (!(unknown instanceof Uint8Array)) return [];
  return members.filter(({ offset }) => offset >= size - unknown.length).map(({ path }) => path);
}
