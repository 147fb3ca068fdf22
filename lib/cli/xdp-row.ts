/** XDP sockets as rows. */
import type { XdpDiagMsg, XdpRing } from '../xdp/record.js';
import type { XdpStats } from '../xdp/stats.js';
import type { XdpUmem } from '../xdp/umem.js';
import type { Context } from './context.js';
import { behind, identityText, skmemText } from './details.js';
import type { Row } from './layout.js';
import { queueText } from './words.js';

export function xdpRow(socket: XdpDiagMsg, context: Context): Row {
  const { info, meminfo } = socket;
  const { values } = context;
  const isBound = info !== undefined && info.ifindex !== 0;
  return [
    'xdp',
    'UNCONN',
    queueText(meminfo?.rmemAlloc ?? 0),
    queueText(0),
    isBound ? `${context.device(info.ifindex)}:` : '*',
    isBound ? `q${info.queueId}` : '',
    '*',
    '',
    [
      context.users(socket),
      ...(values.extended
        ? [identityText(socket), ...parts(socket).map((text) => behind(text, values))]
        : []),
      values.memory ? skmemText(meminfo) : '',
    ].join(''),
  ];
}

function parts({ rxRing, txRing, umem, umemFillRing, umemCompletionRing, stats }: XdpDiagMsg): string[] {
  return [
    ringText('rx', rxRing),
    ringText('tx', txRing),
    ...(umem === undefined
      ? []
      : [umemText(umem), ringText('fr', umemFillRing), ringText('cr', umemCompletionRing)]),
    stats === undefined ? '' : statsText(stats),
  ];
}

function ringText(name: string, ring: XdpRing | undefined): string {
  return ring === undefined ? '' : `${name}(entries:${ring.entries})`;
}

function umemText({
  id,
  size,
  numPages,
  chunkSize,
  headroom,
  ifindex,
  queueId,
  flags,
  refs,
}: XdpUmem): string {
  const where = `ifindex:${ifindex},qid:${queueId},zc:${flags.zerocopy ? 1 : 0},refs:${refs}`;
  return `umem(id:${id},size:${size},num_pages:${numPages},chunk_size:${chunkSize},headroom:${headroom},${where})`;
}

function statsText(stats: XdpStats): string {
  const counts = [
    `rx dropped:${stats.nRxDropped}`,
    `rx invalid:${stats.nRxInvalid}`,
    `rx queue full:${stats.nRxFull}`,
    `rx fill ring empty:${stats.nFillRingEmpty}`,
    `tx invalid:${stats.nTxInvalid}`,
    `tx ring empty:${stats.nTxRingEmpty}`,
  ];
  return `stats(${counts.join(',')})`;
}
