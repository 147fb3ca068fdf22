/** The table of packet sockets, /proc/net/packet. */
import type { PacketDiagMsg, PacketFlags, PacketInfo, PacketType } from '../packet/record.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import { typeName } from '../record/type.js';
import type { ProcRecord } from './record.js';
import type { ReadLine, Table } from './table.js';

/** What of `packet_diag_info` is in the text. */
export interface ProcPacketInfo extends Pick<PacketInfo, 'index'> {
  /** Whether it receives; of the other flags the text has none. */
  flags: Pick<PacketFlags, 'running'>;
}

/** A packet socket, as /proc/net/packet tells it. */
export interface ProcPacketMsg
  extends ProcRecord,
    Pick<PacketDiagMsg, 'family' | 'type' | 'num' | 'inode' | 'uid'> {
  /** Where `show` does not leave it out. */
  info?: ProcPacketInfo;
  /** Likewise. */
  meminfo?: Pick<SkMeminfo, 'rmemAlloc'>;
}

export interface ProcPacketWish {
  show?: readonly string[] | undefined;
}

const RUNNING: ProcPacketInfo['flags'] = Object.freeze({ running: true });
const IDLE: ProcPacketInfo['flags'] = Object.freeze({ running: false });

function packetReader({ show }: ProcPacketWish): ReadLine<ProcPacketMsg> {
  const isShown = (word: string): boolean => show === undefined || show.includes(word);
  const hasInfo = isShown('info');
  const hasMeminfo = isShown('meminfo');
  return (line) => {
    // The address in the kernel, which is hidden from most readers, and the count of references.
    line.skip();
    line.next();
    line.decimal();
    line.next();
    const type = typeName(line.decimal()) as PacketType;
    line.next();
    const num = line.hex4();
    line.next();
    const index = line.decimal();
    line.next();
    const flags = line.decimal() === 0 ? IDLE : RUNNING;
    line.next();
    const rmemAlloc = line.decimal();
    line.next();
    const uid = line.decimal() >>> 0;
    line.next();
    const inode = line.decimal();
    if (!line.isAtBlank()) line.refuse();
    const record: ProcPacketMsg = { family: 'packet', type, num, inode, source: 'proc' };
    if (hasInfo) {
      record.info = { index, flags };
      record.uid = uid;
    }
    if (hasMeminfo) record.meminfo = { rmemAlloc };
    return record;
  };
}

export function packetTable(wish: ProcPacketWish): Table<ProcPacketMsg> {
  return {
    sockets: 'packet sockets',
    absent: 'this kernel has no packet sockets (CONFIG_PACKET)',
    files: () => [
      {
        name: 'packet',
        optional: false,
        header: /^ *sk +RefCnt +Type +Proto +Iface +R +Rmem +User +Inode\b/,
        read: packetReader(wish),
      },
    ],
  };
}
