/** What the user has chosen, and what each of the user's acts makes of it: without a terminal, and without sockets. */
import { FilterSyntaxError } from '../../filter/error.js';
import { parse } from '../../filter/parser.js';
import type { ColumnId } from './columns.js';

/** What a row is. */
export const GROUPINGS = ['socket', 'process', 'remote', 'netns'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** Which states are looked at, as without an option, with -l, and with -a. */
const STATE_CHOICES = ['connected', 'listening', 'all'] as const;
export type StateChoice = (typeof STATE_CHOICES)[number];

/** Bytes in both directions, or a column. */
export type SortKey = 'traffic' | ColumnId;

/** A line that is being edited. */
export interface Draft {
  text: string;
  /** Where the next letter goes. */
  caret: number;
  error?: { message: string; position: number };
}

export interface State {
  grouping: Grouping;
  /** Only the sockets of this group are shown. */
  within?: { grouping: Grouping; key: string; name: string } | undefined;
  sort: SortKey;
  isReversed: boolean;
  /** The row that is chosen, and the first one on the screen, counted from the top of all. */
  cursor: number;
  first: number;
  /** The key of the socket that is told of in detail. */
  detail?: string | undefined;
  states: StateChoice;
  filter: string;
  draft?: Draft | undefined;
  hasHelp: boolean;
  isPaused: boolean;
  /** Seconds. */
  interval: number;
  isOver: boolean;
}

/** Those that need nothing to be told with them. `quit` closes what lies above the table first, `over` does not. */
export type PlainAction =
  | 'enter'
  | 'leave'
  | 'quit'
  | 'over'
  | 'reverse'
  | 'states'
  | 'pause'
  | 'help'
  | 'edit'
  | 'group'
  /** How many rows there are has changed, or how many fit. */
  | 'counted';

export type Action =
  | { type: 'move'; by: number }
  | { type: 'page'; by: 1 | -1 }
  | { type: 'edge'; at: 'first' | 'last' }
  | { type: PlainAction }
  | { type: 'grouping'; grouping: Grouping }
  | { type: 'sort'; by: 1 | -1 }
  | { type: 'interval'; by: 1 | -1 }
  | { type: 'insert'; text: string }
  | { type: 'erase'; what: 'before' | 'all' }
  | { type: 'caret'; by: number };

/** What is on the screen, as far as an act depends on it. */
export interface Surroundings {
  /** Rows there are, and rows that fit. */
  count: number;
  height: number;
  /** The row that the cursor is on. */
  selected?: { key: string; name: string } | undefined;
  /** What can be sorted by, from left to right. */
  columns: readonly ColumnId[];
}

/** Seconds. */
const INTERVALS: readonly number[] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

export function initialState(given: Pick<State, 'states' | 'filter' | 'interval'>): State {
  return {
    ...given,
    grouping: 'socket',
    sort: 'traffic',
    isReversed: false,
    cursor: 0,
    first: 0,
    hasHelp: false,
    isPaused: false,
    isOver: false,
  };
}

export function reduce(state: State, action: Action, surroundings: Surroundings): State {
  if (state.draft !== undefined) return edited(state, state.draft, action);
  switch (action.type) {
    case 'move':
      return moved(state, state.cursor + action.by, surroundings);
    case 'page':
      return moved(state, state.cursor + action.by * Math.max(1, surroundings.height - 1), surroundings);
    case 'edge':
      return moved(state, action.at === 'first' ? 0 : surroundings.count - 1, surroundings);
    case 'counted':
      return moved(state, state.cursor, surroundings);
    case 'enter':
      return entered(state, surroundings);
    case 'leave':
      return left(state);
    case 'quit':
      return state.hasHelp || state.detail !== undefined ? left(state) : { ...state, isOver: true };
    case 'over':
      return { ...state, isOver: true };
    case 'sort':
      return { ...state, sort: nextSort(state.sort, action.by, surroundings.columns), isReversed: false };
    case 'reverse':
      return { ...state, isReversed: !state.isReversed };
    case 'group':
      return grouped(state, next(GROUPINGS, state.grouping, 1));
    case 'grouping':
      return grouped(state, action.grouping);
    case 'states':
      return { ...state, states: next(STATE_CHOICES, state.states, 1), cursor: 0, first: 0 };
    case 'pause':
      return { ...state, isPaused: !state.isPaused };
    case 'interval':
      return { ...state, interval: nextInterval(state.interval, action.by) };
    case 'help':
      return { ...state, hasHelp: !state.hasHelp };
    case 'edit':
      return { ...state, hasHelp: false, draft: { text: state.filter, caret: state.filter.length } };
    default:
      return state; // untested: those that change nothing
  }
}

/** The screen follows the cursor, and no further than it must. */
function moved(state: State, wanted: number, { count, height }: Surroundings): State {
  const cursor = Math.max(0, Math.min(wanted, count - 1));
  const highest = Math.max(0, count - height);
  const first = Math.min(Math.max(Math.min(state.first, cursor), cursor - height + 1, 0), highest);
  return { ...state, cursor, first };
}

/** A socket is told of in detail; of a group, the sockets are shown. */
function entered(state: State, { selected }: Surroundings): State {
  if (state.hasHelp) return { ...state, hasHelp: false };
  if (selected === undefined) return state;
  if (state.grouping === 'socket') {
    return { ...state, detail: state.detail === selected.key ? undefined : selected.key };
  }
  const within = { grouping: state.grouping, ...selected };
  return { ...state, grouping: 'socket', within, ...sortIn(state), cursor: 0, first: 0 };
}

/** One step back. */
function left(state: State): State {
  if (state.hasHelp) return { ...state, hasHelp: false };
  if (state.detail !== undefined) return { ...state, detail: undefined };
  if (state.within === undefined) return state;
  return { ...grouped(state, state.within.grouping), within: undefined };
}

function grouped(state: State, grouping: Grouping): State {
  if (grouping === state.grouping && state.within === undefined) return state;
  return { ...state, grouping, within: undefined, detail: undefined, ...sortIn(state), cursor: 0, first: 0 };
}

/** What sockets and groups can both be sorted by stays. */
function sortIn({ sort, isReversed }: State): Pick<State, 'sort' | 'isReversed'> {
  const isCommon = COMMON.includes(sort);
  return { sort: isCommon ? sort : 'traffic', isReversed: isCommon && isReversed };
}

const COMMON: readonly SortKey[] = ['traffic', 'tx', 'rx', 'rtt', 'retrans', 'rqueue', 'wqueue'];

function nextSort(sort: SortKey, by: 1 | -1, columns: readonly ColumnId[]): SortKey {
  return next<SortKey>(['traffic', ...columns], sort, by);
}

/** Round and round; what is not among them is followed by the first. */
function next<T>(all: readonly T[], one: T, by: 1 | -1): T {
  const at = all.indexOf(one);
  return all[at < 0 ? 0 : (at + by + all.length) % all.length] as T;
}

function nextInterval(interval: number, by: 1 | -1): number {
  const others = INTERVALS.filter((each) => (by > 0 ? each > interval : each < interval));
  return (by > 0 ? others[0] : others.at(-1)) ?? interval;
}

/** A line is edited until it is right, or given up. */
function edited(state: State, draft: Draft, action: Action): State {
  const { text, caret } = draft;
  const at = (other: string, place: number): State => ({ ...state, draft: { text: other, caret: place } });
  switch (action.type) {
    case 'insert':
      return at(text.slice(0, caret) + action.text + text.slice(caret), caret + action.text.length);
    case 'erase':
      if (action.what === 'all') return at('', 0);
      return caret === 0 ? state : at(text.slice(0, caret - 1) + text.slice(caret), caret - 1);
    case 'caret':
      return at(text, Math.max(0, Math.min(caret + action.by, text.length)));
    case 'edge':
      return at(text, action.at === 'first' ? 0 : text.length);
    case 'leave':
      return { ...state, draft: undefined };
    case 'enter':
      return applied(state, draft);
    default:
      return state;
  }
}

function applied(state: State, draft: Draft): State {
  const filter = draft.text.trim();
  try {
    if (filter !== '') parse(draft.text);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    const message = error.message.split('\n')[0] as string;
    return { ...state, draft: { ...draft, error: { message, position: error.position } } };
  }
  return { ...state, filter, draft: undefined, cursor: 0, first: 0 };
}
