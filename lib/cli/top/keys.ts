/** What each key does. */
import type { Key } from 'ink';

import { type Action, GROUPINGS, type PlainAction, type State } from './state.js';

/** A key as Ink tells of it: a letter, or what it is called. */
export interface Stroke {
  input: string;
  key: Partial<Key>;
}

const act = (type: PlainAction): Action => ({ type });

const LETTERS: Readonly<Record<string, Action>> = {
  q: act('quit'),
  j: { type: 'move', by: 1 },
  k: { type: 'move', by: -1 },
  s: { type: 'sort', by: 1 },
  '>': { type: 'sort', by: 1 },
  '<': { type: 'sort', by: -1 },
  r: act('reverse'),
  g: act('group'),
  l: act('states'),
  p: act('pause'),
  ' ': act('pause'),
  '+': { type: 'interval', by: 1 },
  '-': { type: 'interval', by: -1 },
  '/': act('edit'),
  '?': act('help'),
  h: act('help'),
  ...Object.fromEntries(
    GROUPINGS.map((grouping, i) => [String(i + 1), { type: 'grouping', grouping } as const]),
  ),
};

/** What is typed faster than it is read comes at once: each letter is a stroke of its own. */
export function strokesOf({ input, key }: Stroke): Stroke[] {
  return input.length < 2 ? [{ input, key }] : [...input].map(strokeOf);
}

/** The keys of control characters. */
function strokeOf(letter: string): Stroke {
  const code = letter.charCodeAt(0);
  if (letter === '\r') return { input: '', key: { return: true } };
  if (letter === '\x7f' || letter === '\b') return { input: '', key: { backspace: true } };
  if (letter === '\n' || letter === '\t') return { input: ' ', key: {} };
  if (code >= 0x20) return { input: letter, key: {} };
  return { input: String.fromCharCode(code + 0x60), key: { ctrl: true } };
}

/** Undefined for a key that does nothing. */
export function actionOf({ input, key }: Stroke, { draft }: Pick<State, 'draft'>): Action | undefined {
  if (key.ctrl && input === 'c') return act(draft === undefined ? 'over' : 'leave');
  if (key.return) return act('enter');
  if (key.escape) return act('leave');
  if (key.home) return { type: 'edge', at: 'first' };
  if (key.end) return { type: 'edge', at: 'last' };
  return draft === undefined ? moveOf(input, key) : editOf(input, key);
}

function moveOf(input: string, key: Partial<Key>): Action | undefined {
  if (key.upArrow) return { type: 'move', by: -1 };
  if (key.downArrow) return { type: 'move', by: 1 };
  if (key.pageUp) return { type: 'page', by: -1 };
  if (key.pageDown) return { type: 'page', by: 1 };
  if (key.ctrl || key.meta) return undefined;
  return Object.hasOwn(LETTERS, input) ? LETTERS[input] : undefined;
}

function editOf(input: string, key: Partial<Key>): Action | undefined {
  if (key.leftArrow) return { type: 'caret', by: -1 };
  if (key.rightArrow) return { type: 'caret', by: 1 };
  // Which of the two codes the key sends that erases to the left, terminals do not agree upon.
  if (key.backspace || key.delete) return { type: 'erase', what: 'before' };
  if (key.ctrl) return controlOf(input);
  return key.meta || input === '' ? undefined : { type: 'insert', text: input };
}

/** As in a shell. */
function controlOf(letter: string): Action | undefined {
  if (letter === 'u') return { type: 'erase', what: 'all' };
  if (letter === 'a') return { type: 'edge', at: 'first' };
  if (letter === 'e') return { type: 'edge', at: 'last' };
  return undefined;
}
