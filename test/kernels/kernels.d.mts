/** What kernels differ in, beside the kinds of sockets. */
export type Ability = 'BOUND_INACTIVE' | 'destroy TIME_WAIT' | 'owners by BPF';

export interface Kernel {
  name: string;
  /** Its processor, as Node calls it. */
  arch: 'x64' | 'arm64';
  /** Of Debian. */
  suite: string;
  /** Which depends on the newest kernel of the suite. */
  package: string;
  /** Old suites leave the archive one day, and new ones go on to newer kernels: not a failure then. */
  mayBeAbsent?: boolean;
  /** The packages that a machine of another processor is made of, beside Node. */
  root?: readonly string[];
  /** Whether the command is compared with ss there, letter for letter, which takes minutes. */
  isBesideSs?: boolean;
  /** The kinds of sockets that it has no handler for, and which layer of sock_diag says so. */
  lacks: Readonly<Record<string, 'family' | 'protocol'>>;
  /** What of the world of sockets it cannot make, in the world's words. */
  absent: readonly string[];
  cannot: readonly Ability[];
  /** The fields of records that other kernels tell, of the kinds that both have. What is inside of them goes with them. */
  untold: readonly string[];
}

/** See kernels.mjs. */
export const KERNELS: readonly Kernel[];
