/** Dumps of packet sockets: the request, packet_diag_req, and what it asks for. */
import type { NativeRequest } from '../binding.js';
import type { ConsistentOptions, Dump, DumpOptions } from '../netlink/dump.js';
import { commonChecks, consistentCheck } from '../netlink/dump-options.js';
import type { Subject } from '../netlink/errors.js';
import { liveDump } from '../netlink/live.js';
import { anyOf, type Checks, checkOptions } from '../netlink/options.js';
import { SOCK_DIAG_BY_FAMILY } from '../netlink/protocol.js';
import { maskOf, payloadOf, wordsOf } from '../netlink/request.js';
import { type Fallback, fallbackCheck, insteadOf, type NoFallback } from '../proc/fallback.js';
import { type ProcPacketMsg, packetTable } from '../proc/packet.js';
import { byPacketCookie, PACKET_DIAG_MSG_LENGTH, type PacketDiagMsg, readPacketDiagMsg } from './record.js';

/** What can be asked for beside the base record, with its bit in `pdiag_show`. */
const SHOW = {
  /** `info` and `uid` */
  info: 0x01,
  mclist: 0x02,
  /** `rxRing` and `txRing` */
  ringCfg: 0x04,
  fanout: 0x08,
  meminfo: 0x10,
  filter: 0x20,
} as const;

export type PacketShow = keyof typeof SHOW;

export const PACKET_SHOW_WORDS: readonly PacketShow[] = wordsOf(SHOW);

const DEFAULT_SHOW: readonly PacketShow[] = PACKET_SHOW_WORDS.filter((word) => word !== 'mclist');

export interface PacketDumpOptions extends DumpOptions, ConsistentOptions {
  /**
   * Exactly these attributes; without it, all but `'mclist'`: `'info'` is `info` and `uid`, `'ringCfg'` is `rxRing` and
   * `txRing`, and the others are properties of their own name.
   *
   * For `'mclist'` the kernel takes the RTNL lock once a socket, which whoever sets up network interfaces and routes
   * waits for, and is waited for.
   */
  show?: readonly PacketShow[] | undefined;
}

const CHECKS: Checks<PacketDumpOptions & Fallback> = {
  ...commonChecks,
  ...consistentCheck,
  show: anyOf(PACKET_SHOW_WORDS),
  ...fallbackCheck,
};

export const AF_PACKET = 17;
const PACKET_DIAG_REQ_LENGTH = 20;

function packetRequest(show: readonly PacketShow[]): NativeRequest {
  const { bytes, words } = payloadOf(PACKET_DIAG_REQ_LENGTH, [AF_PACKET]);
  words[2] = maskOf(SHOW, show);
  return {
    type: SOCK_DIAG_BY_FAMILY,
    family: AF_PACKET,
    headerLength: PACKET_DIAG_MSG_LENGTH,
    payload: bytes,
  };
}

export const PACKET_SUBJECT: Subject = {
  sockets: 'packet sockets',
  family: { module: 'af_packet_diag', option: 'CONFIG_PACKET_DIAG' },
};

/**
 * The packet sockets of a network namespace.
 *
 * @throws TypeError for a wrong option. Reading the dump throws `SockDiagError`.
 */
export function dumpPacket(options?: PacketDumpOptions & NoFallback): Dump<PacketDiagMsg>;
export function dumpPacket(options?: PacketDumpOptions & Fallback): Dump<PacketDiagMsg | ProcPacketMsg>;
export function dumpPacket(options?: PacketDumpOptions & Fallback): Dump<PacketDiagMsg | ProcPacketMsg> {
  const checked = checkOptions('dumpPacket', options, CHECKS);
  const request = packetRequest(checked.show ?? DEFAULT_SHOW);
  const instead = insteadOf(checked, () => packetTable(checked));
  return liveDump(
    {
      asked: [{ request, subject: PACKET_SUBJECT }],
      decode: readPacketDiagMsg,
      known: byPacketCookie,
    },
    { ...checked, instead },
  );
}
