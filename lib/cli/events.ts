/** -E: sockets as they end, each printed at once. */
import type { DiagMsg } from '../decode.js';
import { watchDestroyed } from '../events/destroyed.js';
import type { DestroyedSocket } from '../events/record.js';
import type { EventsLost } from '../events/watcher.js';
import type { InetDiagMsg } from '../inet/record.js';
import { askedFields } from './asked.js';
import { Context } from './context.js';
import { fieldsOf, picked } from './fields.js';
import { fieldsTableFor } from './fields-table.js';
import { inetRow } from './inet-row.js';
import type { Values } from './options.js';
import { jsonLine, print, printed, printLines } from './output.js';
import { type Plan, protocolsOf } from './plan.js';
import type { Complain } from './read.js';
import { layoutFor } from './table.js';

// untested: it is, by test/cli/acts.test.ts, in processes that are killed, and so count nothing
/** Until whoever reads has enough, or a signal comes. */
export async function printEvents(plan: Plan, values: Values, complain: Complain): Promise<void> {
  const watcher = watchDestroyed({
    protocols: protocolsOf(plan),
    ...(plan.family !== undefined && { family: plan.family }),
    ...(plan.filter !== undefined && { filter: plan.filter }),
    ...(values.net !== undefined && { netns: values.net }),
    ...(wantsInfo(values) ? {} : { show: [] }),
  });
  const fields = values.fields === undefined ? undefined : fieldsOf(values.fields);
  const table = tableOf(plan, values);
  for await (const event of watcher) {
    if (values.json && fields === undefined) await print(jsonLine(event));
    else if (event.type === 'lost') complain(lossOf(event));
    else if (values.json && fields !== undefined) await print(jsonLine(picked(event.socket, fields)));
    else {
      await table.add(event.socket);
      await table.print();
    }
  }
}

function wantsInfo(values: Values): boolean {
  const fields = askedFields(values);
  return fields === undefined ? (values.json ?? values.info) === true : fields.includes('info');
}

interface Table {
  add(socket: DestroyedSocket): Promise<void> | void;
  print(): Promise<void>;
}

function tableOf(plan: Plan, values: Values): Table {
  if (values.fields !== undefined) {
    const table = fieldsTableFor(values.fields, values);
    return { add: (socket) => table.add(socket), print: () => printLines(table.lines()) };
  }
  const context = new Context(values);
  const layout = layoutFor(plan, values);
  return {
    add: async (ended) => {
      const socket = asDumped(ended);
      await context.prepare([socket as DiagMsg]);
      layout.add(inetRow(socket, context));
    },
    print: () => {
      layout.flush();
      return printed();
    },
  };
}

function lossOf({ count, reason }: EventsLost): Error {
  const many = count === undefined ? 'events' : `${count} events`;
  const why = reason === 'kernel' ? 'they came too fast' : 'nobody read them';
  return new Error(`${many} were lost here: ${why}`);
}

/** With what a dump would tell of a socket that has nothing any more. */
function asDumped(socket: DestroyedSocket): InetDiagMsg {
  const gone = { timer: 'off', retrans: 0, expires: 0, rqueue: 0, wqueue: 0, uid: 0, inode: 0 };
  return { ...gone, ...socket } as InetDiagMsg;
}
