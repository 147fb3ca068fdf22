/** -E: sockets as they end, each printed at once. */
import type { DiagMsg } from '../decode.js';
import { watchDestroyed } from '../events/destroyed.js';
import type { DestroyedSocket } from '../events/record.js';
import type { EventsLost } from '../events/watcher.js';
import type { InetDiagMsg } from '../inet/record.js';
import { Context } from './context.js';
import { inetRow } from './inet-row.js';
import { Layout } from './layout.js';
import type { Values } from './options.js';
import { jsonLine, print } from './output.js';
import { columnsOf, type Plan, protocolsOf } from './plan.js';
import type { Complain } from './read.js';

/** Until whoever reads has enough, or a signal comes. */
export async function printEvents(plan: Plan, values: Values, complain: Complain): Promise<void> {
  const watcher = watchDestroyed({
    protocols: protocolsOf(plan),
    ...(plan.family !== undefined && { family: plan.family }),
    ...(plan.filter !== undefined && { filter: plan.filter }),
    ...(values.net !== undefined && { netns: values.net }),
    ...(values.json || values.info ? {} : { show: [] }),
  });
  const context = new Context(values);
  const layout = new Layout({ ...columnsOf(plan), header: values['no-header'] !== true });
  for await (const event of watcher) {
    if (values.json) await print(jsonLine(event));
    else if (event.type === 'lost') complain(lossOf(event));
    else {
      const socket = asDumped(event.socket);
      await context.prepare([socket as DiagMsg]);
      layout.add(inetRow(socket, context));
      await print([...layout.lines()].map((line) => `${line}\n`).join(''));
    }
  }
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
