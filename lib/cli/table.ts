/** Records as a table: all of them have to be known before the first line is. */
import { Context } from './context.js';
import { Layout } from './layout.js';
import type { Values } from './options.js';
import { type Batches, print } from './output.js';
import { columnsOf, type Plan } from './plan.js';
import { rowOf } from './row.js';

/** Enough for a write. */
const CHUNK = 65536;

export async function printTable(batches: Batches, plan: Plan, values: Values): Promise<void> {
  const context = new Context(values);
  const layout = new Layout({ ...columnsOf(plan), header: values['no-header'] !== true });
  for await (const records of batches) {
    if (values.resolve) await context.prepare(records);
    for (const record of records) layout.add(rowOf(record, context));
  }
  let text = '';
  for (const line of layout.lines()) {
    text += `${line}\n`;
    if (text.length < CHUNK) continue;
    await print(text);
    text = '';
  }
  await print(text);
}
