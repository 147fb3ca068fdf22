/** A socket, as its maker knows it: see world/world.py. */
export interface Made {
  kind: string;
  label: string;
  expect: Record<string, unknown>;
  /** Of SCTP: a record of an association, not of its endpoint. */
  association?: boolean;
  /** Of TCP-MD5, in hexadecimal. */
  keys?: string[];
}

/** See agreement.mjs. */
export function disagreements(made: readonly Made[], records: readonly object[]): string[];
