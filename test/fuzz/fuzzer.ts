/**
 * Tries a target with random inputs, each made from a seed of its own, until the time is over or a promise is broken. What
 * breaks it is made smaller as long as it still does.
 */
import { Random } from '../filter/random.js';
import type { Target } from './target.js';

export interface Limits {
  seconds?: number | undefined;
  runs?: number | undefined;
  /** Of the first input; each other has one more than the last. */
  seed: number;
}

export interface Broken {
  seed: number;
  /** What was thrown. */
  error: unknown;
  /** The smallest input found. */
  input: Uint8Array;
}

export interface Result {
  executions: number;
  /** How often each outcome was seen. */
  outcomes: Record<string, number>;
  broken?: Broken;
}

/** So many are tried before others get their turn, which may say that it is enough. */
const TURN = 64;

/** Seconds, for making an input smaller. */
const REDUCING = 10;

/** `isStopped` ends it early, and `onInput` is called with each seed before it is tried. */
export async function fuzz<T>(
  target: Target<T>,
  { seconds = Infinity, runs = Infinity, seed }: Limits,
  isStopped: () => boolean,
  onInput: (seed: number) => void,
): Promise<Result> {
  const result: Result = { executions: 0, outcomes: {} };
  const end = performance.now() + seconds * 1000;
  while (result.executions < runs && performance.now() < end && !isStopped()) {
    for (let i = 0; i < TURN && result.executions < runs; i++) {
      const own = (seed + result.executions++) >>> 0;
      onInput(own);
      const broken = tryOne(target, own, result.outcomes);
      if (broken !== undefined) return { ...result, broken };
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return result;
}

function tryOne<T>(target: Target<T>, seed: number, outcomes: Record<string, number>): Broken | undefined {
  let input: T;
  try {
    input = target.make(new Random(seed));
  } catch (error) {
    return { seed, error, input: new Uint8Array() };
  }
  try {
    const outcome = target.check(input);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return undefined;
  } catch (error) {
    return { seed, ...reduced(target, input, error) };
  }
}

/** Tries one input that was kept. */
export function again<T>(target: Target<T>, bytes: Uint8Array): Result {
  try {
    return { executions: 1, outcomes: { [target.check(target.decode(bytes))]: 1 } };
  } catch (error) {
    return { executions: 1, outcomes: {}, broken: { seed: 0, error, input: bytes } };
  }
}

function reduced<T>(target: Target<T>, found: T, thrown: unknown): Pick<Broken, 'error' | 'input'> {
  const end = performance.now() + REDUCING * 1000;
  let [input, error] = [found, thrown];
  for (let isSmaller = true; isSmaller && performance.now() < end; ) {
    isSmaller = false;
    for (const less of target.smaller(input)) {
      if (performance.now() >= end) break;
      const still = breaks(target, less);
      if (still === undefined || !isAlike(still, thrown)) continue;
      [input, error, isSmaller] = [less, still, true];
      break;
    }
  }
  return { input: target.encode(input), error };
}

function breaks<T>(target: Target<T>, input: T): unknown {
  try {
    target.check(input);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Another promise that breaks on the way would be another finding. */
function isAlike(a: unknown, b: unknown): boolean {
  const first = (error: unknown): string =>
    String((error as Error).message ?? error).split('\n', 1)[0] as string;
  return first(a) === first(b);
}
