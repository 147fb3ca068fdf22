/** The checks of the options that every dump has. */
import { checkFilter } from '../filter/option.js';
import type { DumpOptions } from './dump.js';
import { checkNetns } from './netns.js';
import { type Check, type Checks, checkBoolean, checkSignal, oneOrMore, show } from './options.js';

const checkOwners: Check = (value, name) => {
  if (typeof value === 'boolean' || value === 'bpf') return;
  throw new TypeError(`${name} is ${show(value)}, but must be true, false or 'bpf'`);
};

/** What every dump accepts. */
export const commonChecks: Checks<DumpOptions> = {
  signal: checkSignal,
  netns: oneOrMore(checkNetns),
  filter: checkFilter,
  owners: checkOwners,
};

export const consistentCheck: Readonly<Record<'consistent', Check>> = { consistent: checkBoolean };
