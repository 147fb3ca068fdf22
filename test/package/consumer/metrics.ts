/**
 * What must and what must not compile of `sockdiag/metrics`, as test/types.ts has it of sockdiag. Neither prom-client nor
 * OpenTelemetry is there: what of them is needed is said in our types.
 */
import {
  type Batches,
  type DiagMsg,
  type Dump,
  dumpTcp,
  dumpUdp,
  type TcpDiagMsg,
} from '../../../lib/index.js';
import {
  type ClosedSummary,
  type Collection,
  type Collector,
  type CollectorOptions,
  collector,
  type DumpOutcome,
  type Dumps,
  expose,
  type Histogram,
  instrument,
  type Label,
  type LabelName,
  type ListenerSummary,
  type MeterInstrument,
  type MeterLike,
  type PromRegistry,
  register,
  remoteNetwork,
  type SocketsSummary,
  type Summary,
  summarize,
  type TcpSummary,
} from '../../../lib/metrics/index.js';

export async function compiles(signal: AbortSignal): Promise<void> {
  const mine: Label = { name: 'mine', of: (record: DiagMsg) => record.family };
  const names: LabelName[] = ['local_port', 'owner', 'netns', 'cgroup'];
  const dumps: Dumps = { tcp: dumpTcp({ show: ['info'] }), udp: dumpUdp() };
  const options: CollectorOptions = {
    dumps: async () => dumps,
    labels: [...names, remoteNetwork({ inet: 16, inet6: undefined })],
    limit: 100,
    listeners: 10,
    interval: 1000,
    timeout: 500,
    closed: true,
  };
  const all: Collector = collector(options);
  const collection: Collection = await all.collect();
  const outcome: DumpOutcome | undefined = collection.dumps[0];
  const closed: ClosedSummary | undefined = collection.closed;
  const text: string = expose(collection, { format: 'openmetrics' });
  await all.close();
  const dump: Dump<TcpDiagMsg> = dumpTcp();
  const summary: Summary = await summarize(dump, { labels: [mine], signal });
  const own: Batches<DiagMsg> = { async *batches() {} };
  await summarize([own, own]);
  const [sockets]: readonly SocketsSummary[] = summary.sockets;
  const [listener]: readonly ListenerSummary[] = summary.listeners;
  const [tcp]: readonly TcpSummary[] = summary.tcp;
  const rtt: Histogram | undefined = tcp?.rtt;
  console.log(outcome?.error, closed?.lost, text, sockets?.memory?.drops, listener?.port, rtt?.bounds);
}

/** Of what there is of either library, this is enough. */
export function isEnough<I extends MeterInstrument>(registry: PromRegistry, meter: MeterLike<I>): () => void {
  const undo: () => void = register(registry, collector());
  undo();
  return instrument(meter, collector());
}

export async function doesNotCompile(all: Collector, collection: Collection): Promise<void> {
  // @ts-expect-error: no such label
  collector({ labels: ['remote_port'] });
  // @ts-expect-error: a label is asked by a function
  collector({ labels: [{ name: 'mine' }] });
  // @ts-expect-error: no such option
  collector({ label: ['owner'] });
  // @ts-expect-error: dumps have names
  collector({ dumps: [dumpTcp()] });
  // @ts-expect-error: the ends of sockets are counted or not
  collector({ closed: 'tcp' });
  // @ts-expect-error: bits
  remoteNetwork({ inet: '/24' });
  // @ts-expect-error: no such format
  expose(collection, { format: 'text' });
  // @ts-expect-error: a promise of one
  expose(all.collect());
  // @ts-expect-error: no dump
  await summarize('tcp');
  await summarize(dumpTcp({ fallback: 'proc' }));
  // @ts-expect-error: of one collection only
  await summarize(dumpTcp(), { interval: 1000 });
  // @ts-expect-error: no registry
  register({}, all);
  // @ts-expect-error: no collector
  register({ registerMetric() {}, removeSingleMetric() {} }, collection);
  // @ts-expect-error: no meter
  instrument({ createCounter() {} }, all);
  // @ts-expect-error: what is found is not changed
  collection.summary.sockets[0].labels.mine = 'x';
  // @ts-expect-error: there may be none
  console.log(collection.closed.sockets);
}
