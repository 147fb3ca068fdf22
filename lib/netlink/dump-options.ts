/** The checks of the options that every dump has. */
import { checkFilter } from '../filter/option.js';
import type { DumpOptions } from './dump.js';
import { checkNetns } from './netns.js';
import { type Check, type Checks, checkBoolean, checkSignal, oneOrMore } from './options.js';

/** What every dump accepts. */
export const commonChecks: Checks<DumpOptions> = {
  signal: checkSignal,
  netns: oneOrMore(checkNetns),
  filter: checkFilter,
  owners: checkBoolean,
};

export const consistentCheck: Readonly<Record<'consistent', Check>> = { consistent: checkBoolean };
