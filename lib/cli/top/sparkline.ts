/** Rates as a line of little bars. */

/** From none to the most; where letters have to do, each is darker than the one before. */
const BARS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.-:=+*#' } as const;

export type Glyphs = keyof typeof BARS;

/** One bar a rate, from 0 to the highest of them; a blank for one that is not there. */
export function sparkline(rates: readonly number[], glyphs: Glyphs): string {
  const bars = BARS[glyphs];
  const most = rates.reduce((highest, rate) => (rate > highest ? rate : highest), 0);
  return rates.map((rate) => (Number.isNaN(rate) ? ' ' : barOf(rate, most, bars))).join('');
}

/** What is more than nothing is never the lowest bar. */
function barOf(rate: number, most: number, bars: string): string {
  if (rate <= 0 || most <= 0) return bars[0] as string;
  return bars[Math.max(1, Math.round((rate / most) * (bars.length - 1)))] as string;
}
