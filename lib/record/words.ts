/** Words for the kernel's numbers: names of enumerations, and sets of flags. */

/** The name of a number; one that no kernel up to 6.18 has is told by its number. */
export function nameOf<N extends string>(names: readonly (N | undefined)[], number: number): N {
  return names[number] ?? (`unknown_${number}` as N);
}

/** Likewise of a state: states have capital letters. */
export function stateNameOf<N extends string>(
  names: Readonly<Record<number, N | undefined>>,
  number: number,
): N {
  return names[number] ?? (`UNKNOWN_${number}` as N);
}

/** One boolean for each flag. Objects are frozen, and shared between records. */
export type Flags<N extends string> = { readonly [name in N]: boolean } & {
  /** The bits that this version has no name for, where one of them is set. */
  readonly unknown?: number;
};

/** So many combinations are remembered: more than there are in any sane system. */
const MOST_SEEN = 1024;

/** Reads a number whose bits, from the lowest on, are the flags of these names; undefined for a bit without one. */
export function flagsReader<N extends string>(
  names: readonly (N | undefined)[],
): (value: number) => Flags<N> {
  const seen = new Map<number, Flags<N>>();
  return (value) => {
    let flags = seen.get(value);
    if (flags === undefined) {
      flags = flagsOf(names, value);
      if (seen.size < MOST_SEEN) seen.set(value, flags);
    }
    return flags;
  };
}

function flagsOf<N extends string>(names: readonly (N | undefined)[], value: number): Flags<N> {
  const flags: Record<string, boolean | number> = {};
  let unknown = value;
  names.forEach((name, i) => {
    if (name === undefined) return;
    flags[name] = ((value >>> i) & 1) === 1;
    unknown &= ~(1 << i);
  });
  if (unknown !== 0) flags['unknown'] = unknown >>> 0;
  return Object.freeze(flags) as Flags<N>;
}
