/** Text to tree, with the addresses of the host names in it. */
import { lookup as lookupOf } from 'node:dns/promises';

import { type Checks, checkOptions, checkSignal } from '../netlink/options.js';
import { parseAddress } from './addresses.js';
import { parseWith } from './parser.js';
import type { Expression, Prefix } from './tree.js';

export interface ResolveOptions {
  /** The addresses of a name, as text. By default the machine's own resolver: `dns.lookup`, all addresses. */
  lookup?: ((name: string) => Promise<readonly string[]>) | undefined;
  /** Ends the waiting, with the reason that it was aborted for. */
  signal?: AbortSignal | undefined;
}

const CHECKS: Checks<ResolveOptions> = {
  lookup: (value, name) => {
    if (typeof value !== 'function') throw new TypeError(`${name} must be a function, not ${typeof value}`);
  },
  signal: checkSignal,
};

/**
 * Like `parse`, with host names: each stands for all of its addresses, those of its family if one is named in front of
 * it. Each name is looked up once. Rejects with a `FilterSyntaxError` before anything is looked up, and with an `Error`
 * that names the name, and has the failure as its `cause`, if there is no address.
 */
export async function resolve(text: string, options?: ResolveOptions): Promise<Expression> {
  const { lookup = lookupAll, signal } = checkOptions<ResolveOptions>('resolve', options, CHECKS);
  signal?.throwIfAborted();
  const names = new Set<string>();
  const tree = parseWith(text, (name) => {
    names.add(name);
    return [];
  });
  if (names.size === 0) return tree;
  const found = await unlessAborted(lookUp([...names], lookup), signal);
  return parseWith(text, (name, family) => {
    const all = found.get(name) ?? [];
    const wanted = all.filter((prefix) => family === undefined || prefix.family === family);
    if (wanted.length > 0) return wanted;
    throw new Error(`resolve: the host '${name}' has no address${family ? ` of ${family}` : ''}`);
  });
}

async function lookupAll(name: string): Promise<string[]> {
  const addresses = await lookupOf(name, { all: true });
  return addresses.map(({ address }) => address);
}

type Found = ReadonlyMap<string, readonly Prefix[]>;

async function lookUp(
  names: readonly string[],
  lookup: (name: string) => Promise<readonly string[]>,
): Promise<Found> {
  const entries = names.map(async (name): Promise<[string, readonly Prefix[]]> => {
    let texts: readonly string[];
    try {
      texts = await lookup(name);
    } catch (cause) {
      throw new Error(`resolve: no address was found for the host '${name}'`, { cause });
    }
    return [name, prefixesOf(name, texts)];
  });
  return new Map(await Promise.all(entries));
}

/** Each once. The zone of a link-local one is left out: an address in a filter has none. */
function prefixesOf(name: string, texts: unknown): readonly Prefix[] {
  const list = Array.isArray(texts) ? (texts as unknown[]) : [texts];
  const prefixes = list.map((text) => {
    const prefix = typeof text === 'string' ? parseAddress(text.replace(/%.*/s, '')) : undefined;
    if (prefix === undefined)
      throw new TypeError(`resolve: lookup answered for '${name}' what is no address`);
    return prefix;
  });
  return [...new Map(prefixes.map((prefix) => [prefix.bytes.join(), prefix])).values()];
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((settle, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(settle, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
