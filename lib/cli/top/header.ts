/** The lines above the table: what is told of all sockets together, and what was chosen. */
import { stateWord } from '../words.js';
import type { Manner } from './cells.js';
import { amountText, countText } from './figures.js';
import type { News } from './news.js';
import type { Totals } from './sampler.js';
import { sparkline } from './sparkline.js';
import type { Grouping, SortKey, State } from './state.js';
import { type Line, span } from './text.js';
import type { Stock } from './view.js';

const TITLES: Readonly<Record<Grouping, string>> = {
  socket: 'sockets',
  process: 'by process',
  remote: 'by remote address',
  netns: 'by network namespace',
};

/** On a low terminal, what the table shows too is left out first. */
export function headerLines(state: State, news: News, stock: Stock, manner: Manner, rows: number): Line[] {
  const { totals, time } = news;
  const title = [
    span('sockdiag top', 'strong'),
    span(`  ${time === 0 ? '' : clockOf(time)}  every ${state.interval} s`),
    ...(state.isPaused ? [span('  PAUSED', 'warning')] : []),
    span(`  ${TITLES[state.grouping]}`),
    ...(state.within === undefined ? [] : [span(`  of ${state.within.name}`, 'strong')]),
    span(
      `  sorted by ${SORT_NAMES[state.sort] ?? state.sort}${state.isReversed ? ', reversed' : ''}`,
      'faint',
    ),
  ];
  return [
    title,
    stateLine(totals),
    ...(rows >= 16 ? [rateLine(news, manner)] : []),
    ...(rows >= 10 ? [choiceLine(state, stock)] : []),
  ];
}

const SORT_NAMES: Partial<Readonly<Record<SortKey, string>>> = {
  tx: 'bytes sent',
  rx: 'bytes received',
  rtt: 'RTT',
  retrans: 'retransmissions',
  resent: 'retransmissions a second',
  rqueue: 'Recv-Q',
  wqueue: 'Send-Q',
  count: 'sockets',
  netid: 'kind',
  local: 'local address',
  remote: 'remote address',
  owner: 'process',
};

function clockOf(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

function stateLine(totals: Totals | undefined): Line {
  if (totals === undefined) return [span('reading ...', 'faint')];
  const states = totals.states.map(([state, count]) => `${stateWord(state)} ${countText(count)}`);
  return [
    span(`${totals.count} ${totals.count === 1 ? 'socket' : 'sockets'}`, 'strong'),
    span(states.length === 0 ? '' : `  ${states.join('  ')}`),
  ];
}

function rateLine({ totals, sent, received }: News, { glyphs }: Manner): Line {
  const rate = (value: number | undefined, unit: string): string =>
    value === undefined || Number.isNaN(value) ? `-${unit}` : `${amountText(value)}${unit}`;
  return [
    span(`Sent ${rate(totals?.tx, 'B/s')} `),
    span(sparkline(sent, glyphs), 'good'),
    span(`  Received ${rate(totals?.rx, 'B/s')} `),
    span(sparkline(received, glyphs), 'other'),
    span(`  Sent again ${rate(totals?.resent, '/s')}`, (totals?.resent ?? 0) > 0 ? 'bad' : 'plain'),
  ];
}

function choiceLine({ states, filter }: State, { owners: { sight } }: Stock): Line {
  return [
    span(namesStates(filter) ? 'sockets in the states of the filter' : STATE_TITLES[states]),
    filter === '' ? span('  no filter', 'faint') : span(`  filter: ${filter}`, 'strong'),
    span(`  ${ownersTitle(sight)}`, 'faint'),
  ];
}

/** Then the choice of states is of no account. */
const namesStates = (filter: string): boolean => /^\s*(?:state|exclude)\b/.test(filter);

export const STATE_TITLES: Readonly<Record<State['states'], string>> = {
  connected: 'connected sockets',
  listening: 'listening sockets',
  all: 'sockets in all states',
};

function ownersTitle(sight: { denied: number; hidden: boolean } | undefined): string {
  if (sight === undefined) return 'owners not known';
  if (sight.denied > 0) {
    return `owners: ${sight.denied} ${sight.denied === 1 ? 'process' : 'processes'} may not be read (CAP_SYS_PTRACE)`;
  }
  return sight.hidden ? 'owners: some processes may be hidden' : 'owners known';
}
