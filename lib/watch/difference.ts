/** Whether two records of a socket say the same. */

/**
 * Properties that change while nothing happens to a socket but that time passes. They count for no change. Each name means
 * the same in all structures that have it.
 */
const CLOCKS: ReadonlySet<string> = new Set([
  /** Of all IP protocols: what is left of a timer. That it was set anew, `timer` and `retrans` or the queues tell. */
  'expires',
  /** Of `tcp_info` and `mptcp_info`: since when something has not happened. That it has, the counters tell. */
  'lastDataSent',
  'lastAckSent',
  'lastDataRecv',
  'lastAckRecv',
  /** Of `tcp_info`: the kernel adds the time up to now while there is something to send, or while sending waits. */
  'busyTime',
  'rwndLimited',
  'sndbufLimited',
  /** Likewise, while the connection recovers from a timeout. */
  'totalRtoTime',
]);

/**
 * Whether any property differs, but for clocks. Both are plain data. A watcher does this for each socket at each reading,
 * hence for-in, which the engine does without making anything, and nothing looked up for what is the same.
 */
export function differ(before: object, now: object): boolean {
  const a = before as Record<string, unknown>;
  const b = now as Record<string, unknown>;
  for (const name in b) {
    const x = a[name];
    const y = b[name];
    if (x !== y && differIn(name, x, y)) return true;
  }
  return count(a) !== count(b);
}

/** Of two values that are not identical. */
function differIn(name: string, x: unknown, y: unknown): boolean {
  if (!isObject(x) || !isObject(y)) return !CLOCKS.has(name);
  if (Array.isArray(x) && Array.isArray(y)) return itemsDiffer(x, y);
  if (x instanceof Uint8Array && y instanceof Uint8Array) return bytesDiffer(x, y);
  return differ(x, y);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function itemsDiffer(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return true;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && differIn('', a[i], b[i])) return true;
  }
  return false;
}

function bytesDiffer(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return true;
  return false;
}

/** How many properties there are: those of `b` being in `a` does not mean that `a` has no others. */
function count(record: Record<string, unknown>): number {
  let properties = 0;
  for (const _ in record) properties++;
  return properties;
}
