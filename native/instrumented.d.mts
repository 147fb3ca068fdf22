/** See instrumented.mjs. */
export type Kind = 'address' | 'thread' | 'coverage';

export function build(kind: Kind): string;
export function addonOf(kind: Kind): string;
export function objectsOf(kind: Kind): string;
