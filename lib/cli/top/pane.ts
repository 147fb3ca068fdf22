/** The lines below the table: one socket in detail. */
import { endpointOf, type Manner } from './cells.js';
import { detailTexts } from './detail.js';
import { amountText } from './figures.js';
import { SAMPLES } from './history.js';
import type { News } from './news.js';
import { sparkline } from './sparkline.js';
import { type Line, span, type Tone, wrapped } from './text.js';
import type { Stock } from './view.js';

export function detailLines(stock: Stock, key: string, news: News, manner: Manner, width: number): Line[] {
  const { sockets } = stock;
  const row = sockets.find(key);
  if (row === undefined && news.detail === undefined) return [[span('this socket is gone', 'warning')]];
  const texts =
    news.detail === undefined
      ? []
      : detailTexts(news.detail, stock.owners.allOf((news.detail as { inode?: number }).inode ?? 0));
  const indent = 10;
  const lines = texts.flatMap(([heading, text]) =>
    wrapped(text, width - indent).map((piece, i) => [
      span((i === 0 ? heading : '').padEnd(indent), 'strong'),
      span(piece),
    ]),
  );
  const rule = (manner.glyphs === 'unicode' ? '─' : '-').repeat(width);
  const gone = news.isDetailGone ? [[span('It is gone; this is what was known last.', 'warning')]] : [];
  return [
    [span(rule, 'faint')],
    ...gone,
    ...(row === undefined ? [] : rowLines(stock, row, manner, width)),
    ...lines,
  ];
}

/** What it is, and its rates of late. */
function rowLines({ sockets }: Stock, row: number, manner: Manner, width: number): Line[] {
  const { glyphs } = manner;
  const many = Math.max(8, Math.min(SAMPLES, width - 24));
  const { tx, rx } = sockets.measures;
  const line = (heading: string, rate: number, rates: readonly number[], tone: Tone): Line => [
    span(heading.padEnd(10), 'strong'),
    span(`${amountText(rate) || '-'}B/s`.padEnd(10)),
    span(sparkline(rates, glyphs), tone),
  ];
  const ends = `${endpointOf(sockets, row, 'local', manner)} - ${endpointOf(sockets, row, 'remote', manner)}`;
  return [
    [span('Socket'.padEnd(10), 'strong'), span(`${sockets.kindOf(row)} ${ends}`)],
    line('Sent', tx[row] as number, sockets.sent.last(row, many), 'good'),
    line('Received', rx[row] as number, sockets.received.last(row, many), 'other'),
  ];
}
