/** collector: one summary for all who want it at the same time. */
import { watchDestroyed } from '../events/destroyed.js';
import { dumpTcp } from '../inet/tcp.js';
import { dumpUdp } from '../inet/udp.js';
import { type Check, type Checks, checkBoolean, checkOptions, show } from '../netlink/options.js';
import { dumpUnix } from '../unix/dump.js';
import type { Batches } from '../watch/watch.js';
import { ClosedCounter, type ClosedSummary } from './closed.js';
import { cookieOf, Sightings } from './sightings.js';
import { checkDump, LABEL_CHECKS, type LabelOptions, Summarizer } from './summarize.js';
import type { Countable, Summary } from './summary.js';
import type { Tally } from './tally.js';
import { orAborted, visit } from './visit.js';

/** Dumps by what they are called in metrics. Each is read anew for each collection. */
export type Dumps = Readonly<Record<string, Batches<Countable>>>;

export interface CollectorOptions extends LabelOptions {
  /**
   * What is read, or a function that says so for each collection. Without it TCP with `info` and `skmeminfo`, UDP with
   * `skmeminfo`, and unix sockets, of the namespace of this process; with their owners where a label asks for these.
   */
  dumps?: Dumps | (() => Dumps | Promise<Dumps>) | undefined;
  /**
   * Milliseconds: who asks sooner after a collection has begun is answered with that one. Without it, only those who ask
   * while one is made share it.
   */
  interval?: number | undefined;
  /** Milliseconds that a collection may take: what is not read by then is left out, and that is said. Without it, no limit. */
  timeout?: number | undefined;
  /**
   * Counts the ends of TCP and UDP sockets too, from now on: `closed` of the collection. It takes time whenever a socket
   * ends, and for each TCP socket some 24 bytes to know it again.
   */
  closed?: boolean | undefined;
}

/** How the reading of one dump went. */
export interface DumpOutcome {
  /** What the dump is called. */
  dump: string;
  /** How long it took, seconds. */
  seconds: number;
  /** How many sockets were read. */
  sockets: number;
  /** It was not read to its end, since the time was up; the summary has nothing of it. */
  cut: boolean;
  /** Why it could not be read; the summary has nothing of it. */
  error?: Error;
}

/** What a collector has found. */
export interface Collection {
  /** When it began, milliseconds since 1970. */
  startedAt: number;
  /** How long it took, seconds. */
  seconds: number;
  /** How each dump went; `closed` is among them if the ends of sockets cannot be listened to any more. */
  dumps: DumpOutcome[];
  /** Of all dumps that were read to their end. */
  summary: Summary;
  /** What has ended since the collector was made; where `closed` asks for it. */
  closed?: ClosedSummary;
}

/** Makes collections. */
export interface Collector extends AsyncDisposable {
  /** Reads the dumps, if nobody else does now. What cannot be read is told in `dumps`. @throws what `options.dumps` throws. */
  collect(): Promise<Collection>;
  /** Ends what it does; afterwards `collect` throws. */
  close(): Promise<void>;
}

const LONGEST = 0x7fff_ffff;

/** What the watching for ends is called among the dumps, if it fails. */
const CLOSED = 'closed';

const checkMilliseconds: Check = (value, name) => {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST) return;
  const expected = `but must be a number of milliseconds up to ${LONGEST}`;
  if (typeof value !== 'number') throw new TypeError(`${name} is ${show(value)}, ${expected}`);
  throw new RangeError(`${name} is ${value}, ${expected}`);
};

const checkDumps: Check = (value, name) => {
  if (typeof value === 'function') return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(
      `${name} is ${show(value)}, but must be an object of dumps, or a function that gives one`,
    );
  }
  const dumps = Object.entries(value);
  if (dumps.length === 0) throw new TypeError(`${name} has no dump: nothing would be read`);
  for (const [key, dump] of dumps) {
    if (key === CLOSED) throw new TypeError(`${name}.${key}: only the ends of sockets are called so`);
    checkDump(`${name}.${key}`, dump);
  }
};

const CHECKS: Checks<CollectorOptions> = {
  ...LABEL_CHECKS,
  dumps: checkDumps,
  interval: checkMilliseconds,
  timeout: checkMilliseconds,
  closed: checkBoolean,
};

/**
 * Makes a summary whenever it is asked, for `register`, `instrument` and `expose`. Those who ask at the same time share one
 * reading. Between collections nothing is done, unless `closed` sockets are counted.
 *
 * @throws TypeError or RangeError for a wrong option; `SockDiagError` if closed sockets cannot be listened to.
 */
export function collector(options?: CollectorOptions): Collector {
  return new SharingCollector(checkOptions<CollectorOptions>('collector', options, CHECKS));
}

function usualDumps({ labels = [] }: LabelOptions): Dumps {
  const own = labels.includes('owner') ? { owners: true } : {};
  return {
    tcp: dumpTcp({ show: ['info', 'skmeminfo'], ...own }),
    udp: dumpUdp({ show: ['skmeminfo'], ...own }),
    unix: dumpUnix(own),
  };
}

class SharingCollector implements Collector {
  readonly #dumps: Dumps | (() => Dumps | Promise<Dumps>);
  readonly #interval: number;
  readonly #timeout: number | undefined;
  readonly #summarizer: Summarizer;
  readonly #sightings = new Sightings();
  readonly #closed: ClosedCounter | undefined;
  readonly #end = new AbortController();
  /** Of dumps that were cut, what is not given back yet. */
  readonly #leaving = new Set<Promise<unknown>>();
  /** Ends the reading that is under way. */
  #reading: AbortController | undefined;
  /** The one that is made, or that was made last. */
  #last: { began: number; collection: Promise<Collection>; isOver: boolean } | undefined;

  constructor({ dumps, interval = 0, timeout, closed, ...labels }: CollectorOptions) {
    this.#dumps = dumps ?? usualDumps(labels);
    this.#interval = interval;
    this.#timeout = timeout;
    this.#summarizer = new Summarizer(labels);
    if (closed !== true) return;
    this.#closed = new ClosedCounter(this.#sightings, now);
    this.#closed.follow(watchDestroyed());
  }

  collect(): Promise<Collection> {
    if (this.#end.signal.aborted) return Promise.reject(this.#end.signal.reason);
    const last = this.#last;
    if (last !== undefined && (!last.isOver || now() < last.began + this.#interval / 1000))
      return last.collection;
    const entry = { began: now(), collection: this.#collect(), isOver: false };
    this.#last = entry;
    const end = (): void => {
      entry.isOver = true;
    };
    // One that failed is nobody's answer.
    entry.collection.then(end, () => {
      this.#last = undefined;
    });
    return entry.collection;
  }

  async close(): Promise<void> {
    if (!this.#end.signal.aborted) this.#end.abort(new Error('the collector is closed'));
    this.#reading?.abort();
    this.#closed?.close();
    await this.#last?.collection.catch(() => undefined);
    await Promise.all(this.#leaving);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #collect(): Promise<Collection> {
    const startedAt = Date.now();
    const began = now();
    const reading = new AbortController();
    this.#reading = reading;
    const limit = this.#timeout === undefined ? undefined : setTimeout(() => reading.abort(), this.#timeout);
    try {
      const dumps = await this.#dumpsNow(reading.signal);
      const { outcomes, summary } = await this.#readEach(dumps, reading.signal);
      const closed = this.#closedSummary(outcomes);
      const seconds = now() - began;
      return { startedAt, seconds, dumps: outcomes, summary, ...(closed !== undefined && { closed }) };
    } finally {
      clearTimeout(limit);
    }
  }

  async #dumpsNow(signal: AbortSignal): Promise<Dumps> {
    if (typeof this.#dumps !== 'function') return this.#dumps;
    const dumps = await orAborted(Promise.resolve(this.#dumps()), signal);
    this.#end.signal.throwIfAborted();
    if (signal.aborted)
      throw new Error(`options.dumps took more than the ${this.#timeout} ms of options.timeout`);
    checkDumps(dumps, 'collector: what options.dumps gives');
    return dumps as Dumps;
  }

  async #readEach(dumps: Dumps, signal: AbortSignal): Promise<{ outcomes: DumpOutcome[]; summary: Summary }> {
    const outcomes: DumpOutcome[] = [];
    // Of all dumps together: what two of them have is told once.
    const all = this.#summarizer.tally();
    try {
      for (const [name, dump] of Object.entries(dumps)) {
        const tally = this.#summarizer.tally();
        const outcome = await this.#read(name, dump, tally, signal);
        this.#end.signal.throwIfAborted();
        outcomes.push(outcome);
        if (!outcome.cut && outcome.error === undefined) all.addAll(tally);
      }
    } finally {
      // Of sockets that it did not come to, it cannot be said that they are gone, nor how many there are.
      const isWhole = outcomes.every(
        ({ cut, error, sockets }) => !cut && (error === undefined || sockets === 0),
      );
      this.#sightings.end(isWhole);
      this.#summarizer.nextRound(isWhole ? all : undefined);
    }
    return { outcomes, summary: all.summary() };
  }

  /** That it is not known any more is told as of a dump. */
  #closedSummary(outcomes: DumpOutcome[]): ClosedSummary | undefined {
    try {
      return this.#closed?.summary();
    } catch (error) {
      outcomes.push({ dump: CLOSED, seconds: 0, sockets: 0, cut: false, error: errorOf(error) });
      return undefined;
    }
  }

  async #read(
    name: string,
    dump: Batches<Countable>,
    tally: Tally,
    signal: AbortSignal,
  ): Promise<DumpOutcome> {
    const began = now();
    const outcome = { dump: name, seconds: 0, sockets: 0, cut: false };
    let error: Error | undefined;
    try {
      const { atAGlance } = this.#summarizer;
      await visit(dump, {
        see: this.#seeing(tally),
        atAGlance,
        signal,
        leaving: (end) => this.#awaitEnd(end),
      });
    } catch (reason) {
      if (signal.aborted) outcome.cut = true;
      else error = errorOf(reason);
    }
    const sockets = tally.count;
    return { ...outcome, seconds: now() - began, sockets, ...(error !== undefined && { error }) };
  }

  #awaitEnd(end: Promise<unknown>): void {
    this.#leaving.add(end);
    end.finally(() => this.#leaving.delete(end));
  }

  #seeing(tally: Tally): (record: Countable) => void {
    if (this.#closed === undefined) return (record) => tally.add(record);
    const began = now();
    return (record) => {
      tally.add(record);
      // No other sockets' ends are told with what they did.
      const cookie = 'protocol' in record && record.protocol === 'tcp' ? cookieOf(record) : undefined;
      if (cookie !== undefined) this.#sightings.see(cookie, began);
    };
  }
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Seconds, of a clock that never goes back. */
const now = (): number => performance.now() / 1000;
