/** The columns of a table on a screen: `ss` spreads them over all of its width. */

/**
 * How wide each column is to be, of what each needs, both with the gap in front of it; 0 is no column. They are dealt with
 * line by line of the screen, as if a terminal broke a row between columns: as many as fit share what is left over, those at
 * the end first. None is wider than the screen.
 */
export function spread(needed: readonly number[], screen: number): number[] {
  const widths = needed.map((width) => Math.min(width, screen));
  const columns = widths.flatMap((width, column) => (width > 0 ? [column] : []));
  while (columns.length > 0) {
    const line = columns.splice(0, fitting(columns, widths, screen));
    share(widths, line, screen - line.reduce((sum, column) => sum + (widths[column] as number), 0));
  }
  return widths;
}

/** How many of these columns a line of the screen holds. */
function fitting(columns: readonly number[], widths: readonly number[], screen: number): number {
  let used = 0;
  const tooMany = columns.findIndex((column) => {
    used += widths[column] as number;
    return used > screen;
  });
  return tooMany < 0 ? columns.length : tooMany;
}

function share(widths: number[], line: readonly number[], spare: number): void {
  const each = Math.floor(spare / line.length);
  const withOneMore = line.length - (spare % line.length);
  for (const [i, column] of line.entries()) {
    widths[column] = (widths[column] as number) + each + (i >= withOneMore ? 1 : 0);
  }
}
