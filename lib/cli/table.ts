/** Records as a table. */
import process from 'node:process';

import { paintFor } from './colours.js';
import { Context } from './context.js';
import { type Direct, directInto } from './direct.js';
import { Layout } from './layout.js';
import type { Values } from './options.js';
import { type Batches, printed, screenWidth } from './output.js';
import { columnsOf, type Plan } from './plan.js';
import { rowOf } from './row.js';

type Read = (direct: Direct | undefined) => Promise<Batches>;

/** `read` is given a way that makes no records, where there is one, to go by it as far as it can. */
export async function printTable(read: Read, plan: Plan, values: Values): Promise<void> {
  const context = new Context(values);
  await context.readHolders();
  const layout = layoutFor(plan, values);
  for await (const records of await read(directInto(layout, context, plan))) {
    if (values.resolve) await context.prepare(records);
    for (const record of records) layout.add(rowOf(record, context));
    await printed();
  }
  layout.flush();
  await printed();
}

export function layoutFor(plan: Plan, values: Values): Layout {
  return new Layout({
    ...columnsOf(plan),
    header: values['no-header'] !== true,
    screen: screenWidth(),
    paint: paintFor(values.color),
    print: (lines) => process.stdout.write(lines),
  });
}
