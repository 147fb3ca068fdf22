/** -r: names of hosts, each address asked for once, by the system's own resolver: /etc/hosts, DNS, whatever it uses. */
import { lookupService } from 'node:dns/promises';

import type { DiagMsg } from '../decode.js';
import { printable } from './words.js';

/** How many are asked for at a time. */
const AT_ONCE = 8;

/** No host has these: in /etc/hosts they stand for names that nobody shall reach. */
const ANY: readonly string[] = ['0.0.0.0', '::'];

type Lookup = (address: string) => Promise<string>;

const ofSystem: Lookup = async (address) => (await lookupService(address, 0)).hostname;

export class HostNames {
  readonly #lookup: Lookup;
  /** Undefined for what has no name. */
  readonly #names = new Map<string, string | undefined>(ANY.map((address) => [address, undefined]));

  constructor(lookup: Lookup = ofSystem) {
    this.#lookup = lookup;
  }

  /** Asks for those that were not asked for yet, and waits until all answers are there. */
  async learn(addresses: Iterable<string>): Promise<void> {
    const asked = new Set(Array.from(addresses, plain).filter((address) => !this.#names.has(address)));
    const waiting = asked.values();
    // All of them take from the same iterator.
    const ask = async (): Promise<void> => {
      for (const address of waiting) this.#names.set(address, await this.#nameOf(address));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, asked.size) }, ask));
  }

  /** Undefined where there is none, whatever the reason: then the address itself is what there is to tell. */
  async #nameOf(address: string): Promise<string | undefined> {
    try {
      // Whoever has the address chooses its name.
      return printable(await this.#lookup(address));
    } catch {
      return undefined;
    }
  }

  of(address: string): string | undefined {
    return this.#names.get(plain(address));
  }
}

/** An IPv4 address that is written as one of IPv6 belongs to the same host. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** All addresses of hosts that a record tells of. */
export function hostsOf(record: DiagMsg): string[] {
  if (!('src' in record)) return [];
  const more = 'locals' in record ? [...(record.locals ?? []), ...(record.peers ?? [])] : [];
  return [record.src, record.dst, ...more.map(({ addr }) => addr)].filter((address) => address !== '');
}
