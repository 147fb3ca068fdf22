/** The same for who reads no screen: a table of what does most, once. */
import { setTimeout as sleep } from 'node:timers/promises';

import { mayLoad } from '../options.js';
import { print } from '../output.js';
import { stateWord } from '../words.js';
import { type Manner, socketCells } from './cells.js';
import { SOCKET_COLUMNS } from './columns.js';
import { amountText } from './figures.js';
import { Owners } from './owners.js';
import { type Question, Sampler, totalsOf } from './sampler.js';
import type { State } from './state.js';
import { View } from './view.js';

/** Rows, at most. */
const MOST = 20;

/** Wide enough for every text. */
const WIDE = 1000;

/** After one interval, as there are no rates before. @throws SockDiagError, Error of the system. */
export async function printOnce(
  question: Question,
  state: State,
  manner: Manner,
  complain: (error: Error) => void,
): Promise<void> {
  const sampler = new Sampler();
  const owners = new Owners(mayLoad(question.values));
  const { signal } = new AbortController();
  await sampler.sample(question, signal);
  await owners.refresh().catch(complain);
  await sleep(state.interval * 1000);
  const sample = await sampler.sample(question, signal);
  for (const text of sample?.complaints ?? []) complain(new Error(text));
  const { sockets } = sampler;
  const view = new View({ sockets, owners, places: sample?.places ?? [] });
  const { states, count, tx, rx } = totalsOf(sockets, sockets.rows());
  const { shown } = view.rows(state, 0, MOST, manner);
  const columns = SOCKET_COLUMNS.filter(({ isLine }) => isLine !== true);
  const cellOf = socketCells(sockets, owners, manner);
  const rows = shown.map(({ row }) => columns.map(({ id }) => cellOf(row, { id, width: WIDE })));
  await print(
    [
      `${count} sockets${states.map(([name, many]) => `  ${stateWord(name)} ${many}`).join('')}`,
      `Sent ${amountText(tx) || '-'}B/s  Received ${amountText(rx) || '-'}B/s`,
      '',
      ...aligned(
        [columns.map(({ heading }) => heading), ...rows],
        columns.map(({ right }) => right === true),
      ),
      '',
    ].join('\n'),
  );
}

/** Columns as wide as their widest cell. */
function aligned(rows: readonly (readonly string[])[], isRight: readonly boolean[]): string[] {
  const widths = isRight.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const width = widths[i] as number;
        return isRight[i] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
