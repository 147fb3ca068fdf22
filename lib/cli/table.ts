/** Records as a table: all of them have to be known before the first line is. */
import { paintFor } from './colours.js';
import { Context } from './context.js';
import { Layout } from './layout.js';
import type { Values } from './options.js';
import { type Batches, printLines, screenWidth } from './output.js';
import { columnsOf, type Plan } from './plan.js';
import { rowOf } from './row.js';

export async function printTable(batches: Batches, plan: Plan, values: Values): Promise<void> {
  const context = new Context(values);
  const layout = new Layout({
    ...columnsOf(plan),
    header: values['no-header'] !== true,
    screen: screenWidth(),
    paint: paintFor(values.color),
  });
  for await (const records of batches) {
    for (const record of records) layout.add(rowOf(record, context));
  }
  await printLines(layout.lines());
}
