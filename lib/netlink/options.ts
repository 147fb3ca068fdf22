/** Checks what a caller gave, and says what would have been right. */

/** Throws a TypeError if `value`, which is called `name`, is not as it should be. */
export type Check = (value: unknown, name: string) => void;

/** One for each option there is. */
export type Checks<O> = { readonly [K in keyof Required<O>]: Check };

/** A copy of the options as they were given, or none; undefined options count as not given. */
export function checkOptions<O extends object>(
  caller: string,
  given: unknown,
  checks: Checks<O>,
): Partial<O> {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${caller}: options must be an object, not ${show(given)}`);
  }
  const options = { ...given };
  for (const name of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[name];
    const check = Object.hasOwn(checks, name) ? (checks as Record<string, Check>)[name] : undefined;
    if (check === undefined) {
      throw new TypeError(`${caller}: there is no option '${name}', only ${list(Object.keys(checks))}`);
    }
    if (value !== undefined) check(value, `${caller}: options.${name}`);
  }
  return options;
}

export function oneOf(allowed: readonly string[]): Check {
  return (value, name) => {
    if (allowed.includes(value as string)) return;
    throw new TypeError(`${name} is ${show(value)}, but must be ${list(allowed, 'or')}`);
  };
}

/** An array of any of the words. */
export function anyOf(allowed: readonly string[]): Check {
  const each = oneOf(allowed);
  return (value, name) => {
    if (!Array.isArray(value)) {
      throw new TypeError(`${name} is ${show(value)}, but must be an array of ${list(allowed, 'or')}`);
    }
    for (let i = 0; i < value.length; i++) each(value[i], `${name}[${i}]`);
  };
}

/** An array of one or more of the words. */
export function someOf(allowed: readonly string[]): Check {
  const all = anyOf(allowed);
  return (value, name) => {
    all(value, name);
    if ((value as unknown[]).length > 0) return;
    throw new TypeError(
      `${name} is empty, but must name at least one of ${list(allowed)}: nothing would match`,
    );
  };
}

/** A whole number, not less than the least one, nor more than the most. */
export function wholeFrom(least: number, most: number = LARGEST_INT32): Check {
  return (value, name) => {
    const expected = `but must be a whole number from ${least} to ${most}`;
    if (!Number.isInteger(value)) throw new TypeError(`${name} is ${show(value)}, ${expected}`);
    if ((value as number) < least || (value as number) > most) {
      throw new RangeError(`${name} is ${value}, ${expected}`);
    }
  };
}

const LARGEST_INT32 = 0x7fff_ffff;

/** An array of open file descriptors. */
export const someDescriptors: Check = (value, name) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw new TypeError(`${name} is ${show(value)}, but must be an array of open file descriptors`);
  }
  for (let i = 0; i < value.length; i++) {
    if (isInt32(value[i])) continue;
    throw new TypeError(`${name}[${i}] is ${show(value[i])}, but must be an open file descriptor`);
  }
};

export const checkBoolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw new TypeError(`${name} is ${show(value)}, but must be true or false`);
};

/** An array of one or more whole numbers in a range; `what` is what each must be. */
export function someNumbers(what: string, least: number, most: number): Check {
  return (value, name) => {
    if (!Array.isArray(value)) {
      throw new TypeError(`${name} is ${show(value)}, but must be an array, each ${what}`);
    }
    if (value.length === 0) {
      throw new TypeError(`${name} is empty, but must hold at least one number: nothing would match`);
    }
    for (let i = 0; i < value.length; i++) {
      if (Number.isInteger(value[i]) && value[i] >= least && value[i] <= most) continue;
      throw new TypeError(`${name}[${i}] is ${show(value[i])}, but must be ${what}`);
    }
  };
}

/** By what it can do: one of another realm is as good. */
export const checkSignal: Check = (value, name) => {
  const signal = value as Partial<AbortSignal> | null;
  if (typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function') return;
  throw new TypeError(`${name} is ${show(value)}, but must be an AbortSignal`);
};

/** One, or an array of one or more. */
export function oneOrMore(check: Check): Check {
  return (value, name) => {
    if (!Array.isArray(value)) return check(value, name);
    if (value.length === 0) throw new TypeError(`${name} is empty, but must have at least one element`);
    for (let i = 0; i < value.length; i++) check(value[i], `${name}[${i}]`);
  };
}

export function isInt32(value: unknown): value is number {
  return isUpTo(value, LARGEST_INT32);
}

export function isUint16(value: unknown): value is number {
  return isUpTo(value, 0xffff);
}

export function isUint32(value: unknown): value is number {
  return isUpTo(value, 0xffff_ffff);
}

function isUpTo(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function list(words: readonly string[], conjunction = 'and'): string {
  const quoted = words.map((word) => `'${word}'`);
  const last = quoted.pop() as string;
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${conjunction} ${last}`;
}

/** A value, short enough to stand in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
