/** `sockdiag exporter`: what sockets do, in numbers, for who asks over HTTP. */
import process from 'node:process';

import { type Collection, type Collector, collector, type Dumps } from '../../metrics/collector.js';
import { familiesOf, type MetricFamily } from '../../metrics/families.js';
import { namespaces } from '../../namespaces/list.js';
import type { Netns } from '../../netlink/netns.js';
import { dumpsOf } from '../dumps.js';
import type { Values, Words } from '../options.js';
import { say } from '../output.js';
import type { Kind, Plan } from '../plan.js';
import { Crowd } from './crowd.js';
import { ownFamilies } from './own.js';
import { MetricsServer } from './server.js';
import { addressOf, intervalOf, labelsOf, limitOf, namespacesOf, portOf, timeoutOf } from './wish.js';

/** Until it is told to end. @throws what the system has against listening there. */
export async function runExporter(plan: Plan, { values }: Words, version: string): Promise<void> {
  const complaints = new Complaints();
  const crowd = new Crowd();
  const source = collector({
    dumps: () => dumpsFor(plan, values, { complaints, crowd }),
    labels: labelsOf(values),
    limit: limitOf(values),
    interval: intervalOf(values) * 1000,
    timeout: timeoutOf(values) * 1000,
    closed: values.events === true,
  });
  const server = new MetricsServer({
    read: () => read(source, version, { complaints, crowd }),
    complain: say,
  });
  try {
    const ended = endOf(server);
    say(`metrics are at ${await server.listen(addressOf(values), portOf(values))}`);
    await ended;
  } finally {
    await source.close();
  }
}

/** What is kept from one collection to the next. */
interface Memory {
  complaints: Complaints;
  crowd: Crowd;
}

async function read(
  source: Collector,
  version: string,
  { complaints, crowd }: Memory,
): Promise<MetricFamily[]> {
  const collection = await source.collect();
  complaints.hear(collection);
  crowd.see(collection);
  return [...familiesOf(collection), ...ownFamilies(version)];
}

async function dumpsFor(plan: Plan, values: Values, { complaints, crowd }: Memory): Promise<Dumps> {
  const netns = await namespacesFor(values, complaints);
  const owners = labelsOf(values).includes('owner');
  // In which of several namespaces there are many is not known.
  const parallel = netns === undefined ? crowd.parts : 1;
  const parts = dumpsOf(plan, values, { netns, owners, mixed: true, parallel });
  const dumps = [...parts].map(({ kinds: [kind], dump }) => [nameOf(kind as Kind), dump] as const);
  // Who comes first gets the places of labels: the ports of TCP listeners rather than those of anybody's DNS queries.
  const isTcp = ([name]: readonly [string, unknown]): boolean => name === 'tcp';
  return Object.fromEntries([...dumps.filter(isTcp), ...dumps.filter((one) => !isTcp(one))]);
}

/** Those there are now: containers come and go. */
async function namespacesFor(values: Values, complaints: Complaints): Promise<readonly Netns[] | undefined> {
  const names = namespacesOf(values);
  if (names !== 'all') return names;
  const { found, denied } = await namespaces();
  if (denied > 0)
    complaints.sayOnce('not all namespaces are known: processes of others may not be read (CAP_SYS_PTRACE)');
  return found;
}

/** All types of a family are one dump. */
function nameOf(kind: Kind): string {
  return kind.replace(/_.*/, '');
}

/** Says what fails, once and not at each scrape. */
class Complaints {
  #told = new Set<string>();
  readonly #forGood = new Set<string>();

  sayOnce(message: string): void {
    if (!this.#forGood.has(message)) say(message);
    this.#forGood.add(message);
  }

  hear({ dumps }: Collection): void {
    const messages = dumps.flatMap(({ dump, error, cut }) => {
      if (cut) return [`${dump} sockets are left out: there is no time left to read them (--timeout)`];
      return error === undefined ? [] : [error.message];
    });
    for (const message of messages) if (!this.#told.has(message)) say(message);
    this.#told = new Set(messages);
  }
}

/** When there are no more answers to give, after a signal; a second one does not wait for that. */
async function endOf(server: MetricsServer): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await server.close();
}
