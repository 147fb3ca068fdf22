/** Tables in Markdown, aligned. */

/**
 * @param {readonly (readonly string[])[]} rows the head first; the first column is words, the others are figures
 * @returns {string[]} lines
 */
export function table(rows) {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head, widths), `| ${rule.join(' | ')} |`, ...body.map((row) => line(row, widths))];
}

/**
 * @param {readonly string[]} row
 * @param {readonly number[]} widths
 */
function line(row, widths) {
  const cells = widths.map((width, column) => {
    const cell = row[column] ?? '';
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `| ${cells.join(' | ')} |`;
}
