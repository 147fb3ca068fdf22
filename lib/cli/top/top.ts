/** `sockdiag top`: the live view, or one table where there is nobody to look at it. */
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';

import { hasColours, isDrawable } from '../colours.js';
import { Context } from '../context.js';
import type { Words } from '../options.js';
import type { Plan } from '../plan.js';
import type { Manner } from './cells.js';
import { printOnce } from './plain.js';
import { initialState, type StateChoice } from './state.js';
import { glyphsOf, keyboard } from './terminal.js';
import { intervalOf } from './wish.js';

export async function top(plan: Plan, words: Words, complain: (error: Error) => void): Promise<void> {
  const { values, filter } = words;
  const { env } = process;
  const state = initialState({ states: statesOf(words), filter, interval: intervalOf(values) });
  const context = new Context(values);
  const glyphs = glyphsOf(env);
  const manner: Manner = {
    glyphs,
    ellipsis: glyphs === 'unicode' ? '…' : '~',
    isNumeric: values.numeric === true,
    device: (index) => context.device(index),
  };
  const stdin = values.once || !isDrawable(env) ? undefined : keyboard();
  if (stdin === undefined) {
    await printOnce({ plan, values, everywhere: false }, state, manner, complain);
    return;
  }
  // What is drawn is thrown away each second, and so are the records: to keep that for later would take twice the memory.
  for (const flag of ['--optimize-for-size', '--semi-space-growth-factor=1']) setFlagsFromString(flag);
  // React has another half for those who write programs with it. And there is a terminal here, whatever is said of CI: without
  // the word, it gets its colours.
  Object.assign(env, { NODE_ENV: 'production' });
  delete env['CI'];
  const { Live } = await import('./live.js');
  await new Live(state, { values, manner, hasColours: hasColours(env), stdin }).run();
  if (stdin !== process.stdin) stdin.destroy();
}

/** A filter that begins with states is about all of them, as without `top`. */
function statesOf({ values }: Words): StateChoice {
  if (values.all) return 'all';
  return values.listening ? 'listening' : 'connected';
}
