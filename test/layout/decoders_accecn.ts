/** The four bytes of tcp_info that are given out as one number, and what accecnOf makes of it. */
import { accecnOf, type TcpInfo } from '../../lib/index.js';
import { flags } from './decoders_readings.js';
import { inAttribute, inet } from './decoders_ways.js';
import type { Layout } from './layout.js';
import { problemsOf } from './prove.js';
import type { Rules } from './rules.js';

/** In Linux 6.18 there are two members, in Linux 7.0 four others in their place. */
const NAMES: readonly string[] = [
  'tcpi_ecn_mode',
  'tcpi_accecn_opt_seen',
  'tcpi_accecn_fail_mode',
  'tcpi_options2',
];

/** What of `tcp_info` these are; undefined where it has none of them. No other byte may matter then. */
export function accecnPart(layout: Layout | undefined): Layout | undefined {
  const members = layout?.members.filter(({ path }) => NAMES.includes(path)) ?? [];
  return layout === undefined || members.length === 0 ? undefined : { ...layout, members };
}

export function problemsOfAccecn(part: Layout): string[] {
  const kernel = part.members.some(({ path }) => path === 'tcpi_ecn_mode') ? '7.0.0' : '6.18.0';
  const readInfo = inAttribute(inet('tcp'), 2, 'info');
  const decode = (structure: Buffer) => accecnOf(readInfo(structure) as TcpInfo, kernel) as object;
  return problemsOf(part, decode, rulesOf(part));
}

function rulesOf({ members }: Layout): Rules {
  const failMode = members.find(({ path }) => path === 'tcpi_accecn_fail_mode');
  return {
    prefixes: ['tcpi_accecn_', 'tcpi_'],
    members: [
      { member: 'tcpi_ecn_mode', as: 'distinct' },
      { member: 'tcpi_accecn_opt_seen', as: 'distinct' },
      {
        member: 'tcpi_accecn_fail_mode',
        flags: flags('failMode', ['aceSend', 'aceRecv', 'optSend', 'optRecv']),
        // More bits than there are flags, but only at first.
        others: failMode?.mask.length === 2 ? ['failMode.unknown'] : [],
      },
      { member: 'tcpi_options2', ignored: 'it is a part of the number, and has no word yet' },
    ],
  };
}
