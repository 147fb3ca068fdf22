/** Names of the protocols of packet and of netlink sockets, as `ss` has them and as the kernel has them. */
import { NETLINK_PROTOCOLS } from '../netlink-family/record.js';

/** ETH_P_*, in small letters. The first name of a number is the one that is printed. */
const ETHERTYPES: readonly [name: string, number: number][] = [
  ['802_3', 0x0001],
  ['ax25', 0x0002],
  ['all', 0x0003],
  ['802_2', 0x0004],
  ['snap', 0x0005],
  ['ddcmp', 0x0006],
  ['wan_ppp', 0x0007],
  ['ppp_mp', 0x0008],
  ['localtalk', 0x0009],
  ['can', 0x000c],
  ['ppptalk', 0x0010],
  ['tr_802_2', 0x0011],
  ['mobitex', 0x0015],
  ['control', 0x0016],
  ['irda', 0x0017],
  ['econet', 0x0018],
  ['loop', 0x0060],
  ['pup', 0x0200],
  ['pupat', 0x0201],
  ['ip', 0x0800],
  ['x25', 0x0805],
  ['arp', 0x0806],
  ['bpq', 0x08ff],
  ['ieeepup', 0x0a00],
  ['ieeepupat', 0x0a01],
  ['dec', 0x6000],
  ['dna_dl', 0x6001],
  ['dna_rc', 0x6002],
  ['dna_rt', 0x6003],
  ['lat', 0x6004],
  ['diag', 0x6005],
  ['cust', 0x6006],
  ['sca', 0x6007],
  ['teb', 0x6558],
  ['rarp', 0x8035],
  ['aarp', 0x80f3],
  ['atalk', 0x809b],
  ['802.1q', 0x8100],
  ['802_1q', 0x8100],
  ['ipx', 0x8137],
  ['ipv6', 0x86dd],
  ['mpls_uc', 0x8847],
  ['mpls_mc', 0x8848],
  ['atmmpoa', 0x884c],
  ['ppp_disc', 0x8863],
  ['ppp_ses', 0x8864],
  ['atmfate', 0x8884],
  ['profinet', 0x8892],
  ['aoe', 0x88a2],
  ['ethercat', 0x88a4],
  ['802.1ad', 0x88a8],
  ['802_1ad', 0x88a8],
  ['tipc', 0x88ca],
  ['lldp', 0x88cc],
];

/** NETLINK_*, as in iproute2's nl_protos, where that has another name than the kernel. */
const NETLINK_ALIASES: readonly [name: string, number: number][] = [
  ['rtnl', 0],
  ['fw', 3],
  ['tcpdiag', 4],
  ['fiblookup', 10],
  ['nft', 12],
  ['ip6fw', 13],
  ['dec-rt', 14],
  ['uevent', 15],
  ['genl', 16],
  ['scsi-trans', 18],
];

/** Names to numbers, and each number to the first of its names. */
class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(entries: Iterable<readonly [name: string, number: number]>) {
    for (const [name, number] of entries) {
      if (!this.#numbers.has(name)) this.#numbers.set(name, number);
      if (!this.#names.has(number)) this.#names.set(number, name);
    }
  }

  numberOf(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  nameOf(number: number): string | undefined {
    return this.#names.get(number);
  }
}

const ethertypes = new Names(ETHERTYPES);
const netlinkProtocols = new Names([
  ...NETLINK_ALIASES,
  ...NETLINK_PROTOCOLS.flatMap((name, number) => (name === undefined ? [] : [[name, number] as const])),
]);

/** An ethertype by its name, in letters of any size. */
export function ethertypeOf(name: string): number | undefined {
  return ethertypes.numberOf(name.toLowerCase());
}

export function formatEthertype(number: number): string {
  return ethertypes.nameOf(number) ?? `0x${number.toString(16).padStart(4, '0')}`;
}

/** A netlink protocol by one of its names: `route` and `rtnl` are the same. */
export function netlinkProtocolOf(name: string): number | undefined {
  return netlinkProtocols.numberOf(name);
}

/** By `ss`'s name where it has one. */
export function formatNetlinkProtocol(number: number): string {
  return netlinkProtocols.nameOf(number) ?? String(number);
}
