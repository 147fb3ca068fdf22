/**
 * What strace reads in records of packet and netlink sockets, in the words of a record: the kernel's names without what
 * they begin with. Bytes are in hexadecimal.
 */
import { attributesOf, isList, type Printed, structure } from './strace.js';

/** The words that strace prints for a socket, or for what it is made of. */
type Words = Record<string, string>;

const NO_FLAGS = {
  packet: { running: false, auxdata: false, origdev: false, vnethdr: false, loss: false },
  netlink: {
    cbRunning: false,
    pktinfo: false,
    broadcastError: false,
    noEnobufs: false,
    listenAllNsid: false,
    capAck: false,
  },
};

/** Those that the world has and strace has a name for. */
const ETHERTYPES: Record<string, number> = {
  ETH_P_ALL: 0x0003,
  ETH_P_IP: 0x0800,
  ETH_P_ARP: 0x0806,
  ETH_P_802_EX1: 0x88b5,
};

/** `devices` are the indexes of the interfaces, of which strace prints the names. */
export function packetFromStrace(message: Printed[], devices: Record<string, number>): object {
  const { pdiag_type = '', pdiag_num = '', pdiag_ino, pdiag_cookie } = structure(message[1]) as Words;
  return Object.assign(
    {
      family: 'packet',
      type: lower(pdiag_type, 'SOCK_'),
      num: ETHERTYPES[pdiag_num] ?? Number(pdiag_num),
      inode: Number(pdiag_ino),
      cookie: cookieOf(pdiag_cookie),
    },
    ...properties(message, PACKET_ATTRIBUTES, devices),
  );
}

/** Protocols are named as strace names them, in lower case. */
export function netlinkFromStrace(message: Printed[]): object {
  const { ndiag_type = '', ndiag_protocol = '', ndiag_state = '', ...rest } = structure(message[1]) as Words;
  return Object.assign(
    {
      family: 'netlink',
      type: lower(ndiag_type, 'SOCK_'),
      protocol: lower(ndiag_protocol, 'NETLINK_'),
      state: ndiag_state === 'NETLINK_CONNECTED' ? 'ESTABLISHED' : 'CLOSE',
      portid: Number(rest['ndiag_portid']),
      dstPortid: Number(rest['ndiag_dst_portid']),
      dstGroup: Number(rest['ndiag_dst_group']),
      inode: Number(rest['ndiag_ino']),
      cookie: cookieOf(rest['ndiag_cookie']),
    },
    ...properties(message, NETLINK_ATTRIBUTES, {}),
  );
}

type Reader = (payload: Printed, devices: Record<string, number>) => object;

const PACKET_ATTRIBUTES: Record<string, Reader> = {
  PACKET_DIAG_INFO: (payload, devices) => {
    const { version, flags, index, ...rest } = membersOf(payload, devices);
    return {
      info: {
        ...rest,
        index: (index as number) | 0,
        version: lower(version as string, 'TPACKET_'),
        flags: flagsOf(flags, 'PDI_', NO_FLAGS.packet),
      },
    };
  },
  PACKET_DIAG_UID: (payload) => ({ uid: Number(payload) }),
  PACKET_DIAG_MCLIST: (payload, devices) => ({
    mclist: (payload as Printed[]).map((one) => {
      const { type, addr, ...rest } = membersOf(one, devices);
      const types = ['multicast', 'promisc', 'allmulti', 'unicast'];
      return { ...rest, type: types[type as number], addr: (addr as string).replaceAll(/["\\x]/g, '') };
    }),
  }),
  PACKET_DIAG_RX_RING: (payload) => ({ rxRing: membersOf(payload, {}) }),
  PACKET_DIAG_TX_RING: (payload) => ({ txRing: membersOf(payload, {}) }),
  PACKET_DIAG_FANOUT: (payload) => {
    const types = ['hash', 'lb', 'cpu', 'rollover', 'rnd', 'qm', 'cbpf', 'ebpf'];
    const value = Number(payload);
    return { fanout: { id: value % 0x10000, type: types[Math.floor(value / 0x10000)] } };
  },
  PACKET_DIAG_MEMINFO: (payload) => ({ meminfo: meminfoOf(payload) }),
  PACKET_DIAG_FILTER: (payload) => ({ filter: (payload as string[]).map(instructionOf) }),
};

const NETLINK_ATTRIBUTES: Record<string, Reader> = {
  NETLINK_DIAG_MEMINFO: (payload) => ({ meminfo: meminfoOf(payload) }),
  NETLINK_DIAG_GROUPS: (payload) => ({ groups: (payload as string[]).flatMap(groupsOf) }),
  NETLINK_DIAG_FLAGS: (payload) => ({ flags: flagsOf(payload as string, 'NDIAG_FLAG_', NO_FLAGS.netlink) }),
};

/** An attribute that strace knows and this does not shows as a property that no record has. */
function properties(
  message: Printed[],
  readers: Record<string, Reader>,
  devices: Record<string, number>,
): object[] {
  return [...attributesOf(message)].map(
    ([name, payload]) => readers[name]?.(payload, devices) ?? { [name]: payload },
  );
}

/** `pdr_block_size=4096` is `blockSize: 4096`. */
function membersOf(payload: Printed, devices: Record<string, number>): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(structure(payload) as Words).map(([name, text]) => {
      const device = /^if_nametoindex\("(.*)"\)$/.exec(text)?.[1];
      const value = device === undefined ? text : String(devices[device]);
      return [camelCase(name.replace(/^[a-z]+_/, '')), /^\d+$/.test(value) ? Number(value) : value];
    }),
  );
}

/** `PDI_RUNNING|PDI_LOSS` is two flags beside those of `none`; a bit without a name is one that no record has. */
function flagsOf(text: number | string | undefined, prefix: string, none: object): object {
  const set = text === 0 || text === '0' ? [] : String(text).split('|');
  return { ...none, ...Object.fromEntries(set.map((bit) => [camelCase(lower(bit, prefix)), true])) };
}

/** Words of 64 bits. */
function groupsOf(text: string, index: number): number[] {
  const word = BigInt(text);
  const bits = Array.from({ length: 64 }, (_, bit) => bit);
  return bits.filter((bit) => (word >> BigInt(bit)) & 1n).map((bit) => 64 * index + bit + 1);
}

const MEMINFO = 'rmemAlloc rcvbuf wmemAlloc sndbuf fwdAlloc wmemQueued optmem backlog drops'.split(' ');

function meminfoOf(payload: Printed): object {
  return Object.fromEntries(MEMINFO.map((name, i) => [name, Number((payload as Printed[])[i])]));
}

/** Those that the world has. */
const OPERATIONS: Record<string, number> = {
  BPF_LD: 0x00,
  BPF_JMP: 0x05,
  BPF_RET: 0x06,
  BPF_W: 0x00,
  BPF_H: 0x08,
  BPF_ABS: 0x20,
  BPF_JEQ: 0x10,
  BPF_K: 0x00,
  'SKF_AD_OFF+SKF_AD_PROTOCOL': 0xfffff000,
};

const INSTRUCTION = /^BPF_(?:STMT|JUMP)\(([^,]+), ([^,]+?)(?:, (\w+), (\w+))?\)$/;

function instructionOf(text: string): object {
  const [, operation = '', k = '', jt = '0', jf = '0'] = INSTRUCTION.exec(text) ?? [];
  const code = operation.split('|').reduce((sum, word) => sum + (OPERATIONS[word] ?? Number.NaN), 0);
  return { code, jt: Number(jt), jf: Number(jf), k: OPERATIONS[k] ?? Number(k) };
}

function cookieOf(printed: Printed | undefined): string {
  const [low = '', high = ''] = isList(printed) ? (printed as string[]) : [];
  return (BigInt(high) * 2n ** 32n + BigInt(low)).toString(16);
}

function lower(word: string, prefix: string): string {
  return word.replace(prefix, '').toLowerCase();
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
