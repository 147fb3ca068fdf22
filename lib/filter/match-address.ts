/** Whether an address, as the text of a record, lies in one of the prefixes of a pattern, by the kernel's rules. */
import { parseAddress } from './addresses.js';
import type { InetPattern, Prefix } from './tree.js';

/**
 * So many verdicts a pattern remembers. Sockets share addresses: to look up a text is faster than to read it. When there
 * are more, it begins anew.
 */
const MOST_KNOWN = 4096;

/**
 * Compiles the addresses of a pattern; undefined where any will do.
 *
 * An IPv4 prefix, of whatever length, fits IPv4 addresses and v4-mapped ones; an IPv6 prefix fits the addresses of IPv6
 * sockets only, v4-mapped ones among them. A family without addresses is its prefix of length 0: `inet:*` fits v4-mapped
 * addresses too, but `::` not; `inet6:*` fits all addresses of IPv6 sockets.
 */
export function addressTest(pattern: InetPattern): ((text: string) => boolean) | undefined {
  const prefixes = prefixesOf(pattern);
  if (prefixes === undefined) return undefined;
  const tests = prefixes.map(prefixTest);
  const known = new Map<string, boolean>();
  return (text) => {
    let verdict = known.get(text);
    if (verdict === undefined) {
      const address = readAddress(text);
      verdict = address !== undefined && tests.some((fits) => fits(address));
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(text, verdict);
    }
    return verdict;
  };
}

const EVERY: Readonly<Record<'inet' | 'inet6', Prefix>> = {
  inet: { family: 'inet', bytes: [0, 0, 0, 0], length: 0 },
  inet6: { family: 'inet6', bytes: new Array(16).fill(0), length: 0 },
};

function prefixesOf({ family, addresses }: InetPattern): readonly Prefix[] | undefined {
  return addresses ?? (family === undefined ? undefined : [EVERY[family]]);
}

/** Four words; those of an IPv4 address are the v4-mapped form of it. */
interface Address {
  readonly family: 'inet' | 'inet6';
  readonly words: readonly [number, number, number, number];
}

const MAPPED = 0xffff;

function prefixTest({ family, bytes, length }: Prefix): (address: Address) => boolean {
  if (family === 'inet') {
    const pattern = wordOf(bytes, 0);
    const mask = maskOf(length);
    return ({ words: [a, b, c, d] }) => a === 0 && b === 0 && c === MAPPED && ((d ^ pattern) & mask) === 0;
  }
  const patterns = [0, 4, 8, 12].map((at) => wordOf(bytes, at));
  const masks = [0, 32, 64, 96].map((before) => maskOf(length - before));
  return (address) =>
    address.family === 'inet6' &&
    address.words.every((word, i) => ((word ^ (patterns[i] as number)) & (masks[i] as number)) === 0);
}

function wordOf(bytes: readonly number[], at: number): number {
  let word = 0;
  for (let i = at; i < at + 4; i++) word = (word << 8) | (bytes[i] ?? 0);
  return word >>> 0;
}

/** The first bits of a word: none, all, or some. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Undefined for what is not an address: SCTP tells some whose family is not IP. */
function readAddress(text: string): Address | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const { family, bytes } = address;
  if (family === 'inet') return { family, words: [0, 0, MAPPED, wordOf(bytes, 0)] };
  return { family, words: [wordOf(bytes, 0), wordOf(bytes, 4), wordOf(bytes, 8), wordOf(bytes, 12)] };
}
