/** Counts sockets, one by one, and keeps none of them. */
import type { DiagMsg } from '../decode.js';
import type { TcpInfo } from '../inet/tcp-info.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import { CONGESTION_WINDOW, DELIVERY_RATE, RETRANSMISSION, RTT } from './bounds.js';
import { Distribution } from './histogram.js';
import type { LabelSet, LabelSets } from './label-sets.js';
import { OTHER, type Places } from './places.js';
import type {
  LabelValues,
  ListenerSummary,
  MemorySummary,
  SocketsSummary,
  Summary,
  TcpSummary,
} from './summary.js';

/** What records of some families have. */
interface Seen {
  family: DiagMsg['family'];
  protocol?: string;
  type?: string;
  state?: string;
  src?: string;
  sport?: number;
  name?: string;
  rqueue?: number;
  wqueue?: number;
  info?: TcpInfo;
  skmeminfo?: SkMeminfo;
  /** Of IP sockets it is another structure. */
  meminfo?: Partial<SkMeminfo>;
}

/** Sockets whose records have neither. */
const WITHOUT_STATE = 'CLOSE';
const WITHOUT_PROTOCOL = '';

const NO_LISTENERS = { sockets: 0, queue: 0, limit: 0, full: 0 } as const;

/** Of one kind, in one state, with one set of labels. */
class Sockets {
  count = 0;
  rqueue = 0;
  wqueue = 0;
  memory: MemorySummary | undefined;

  /** Those that were counted elsewhere. */
  addAll({ count, rqueue, wqueue, memory }: Sockets): void {
    this.count += count;
    this.rqueue += rqueue;
    this.wqueue += wqueue;
    if (memory !== undefined) this.addMemory(memory);
  }

  addMemory(memory: Omit<MemorySummary, 'drops'> & { drops?: number }): void {
    this.memory ??= { rmemAlloc: 0, wmemQueued: 0, fwdAlloc: 0, optmem: 0, backlog: 0, drops: 0 };
    this.memory.rmemAlloc += memory.rmemAlloc;
    this.memory.wmemQueued += memory.wmemQueued;
    this.memory.fwdAlloc += memory.fwdAlloc;
    this.memory.optmem += memory.optmem;
    this.memory.backlog += memory.backlog;
    this.memory.drops += memory.drops ?? 0;
  }
}

/** TCP connections with one set of labels. */
class Connections {
  readonly rtt = new Distribution(RTT);
  readonly retransmission = new Distribution(RETRANSMISSION);
  readonly congestionWindow = new Distribution(CONGESTION_WINDOW);
  readonly deliveryRate = new Distribution(DELIVERY_RATE);

  add({ rtt, bytesSent, bytesRetrans, sndCwnd, deliveryRate }: TcpInfo): void {
    if (rtt > 0) this.rtt.add(rtt / 1e6);
    if (bytesSent > 0) this.retransmission.add(bytesRetrans / bytesSent);
    this.congestionWindow.add(sndCwnd);
    if (deliveryRate > 0) this.deliveryRate.add(deliveryRate);
  }

  /** Those that were counted elsewhere. */
  addAll(others: Connections): void {
    this.rtt.addAll(others.rtt);
    this.retransmission.addAll(others.retransmission);
    this.congestionWindow.addAll(others.congestionWindow);
    this.deliveryRate.addAll(others.deliveryRate);
  }
}

export interface TallyOptions {
  sets: LabelSets;
  /** Of the addresses of listeners. */
  addresses: Places;
}

export class Tally {
  readonly #sets: LabelSets;
  readonly #addresses: Places;
  /** By the set of labels, protocol, family and state. */
  readonly #sockets = new Map<LabelSet, Map<string, Map<string, Map<string, Sockets>>>>();
  readonly #connections = new Map<LabelSet, Map<string, Connections>>();
  readonly #listeners = new Map<string, ListenerSummary>();
  /** How many sockets it has seen. */
  count = 0;

  constructor({ sets, addresses }: TallyOptions) {
    this.#sets = sets;
    this.#addresses = addresses;
  }

  add(record: DiagMsg): void {
    const seen = record as Seen;
    const { family, state = WITHOUT_STATE } = seen;
    const protocol = seen.protocol ?? seen.type ?? WITHOUT_PROTOCOL;
    const set = this.#sets.of(record);
    this.count++;
    const sockets = this.#socketsOf(set, protocol, family, state);
    sockets.count++;
    if (state === 'LISTEN') {
      this.#addListener(seen, protocol, set);
    } else {
      sockets.rqueue += seen.rqueue ?? 0;
      sockets.wqueue += seen.wqueue ?? 0;
      if (protocol === 'tcp' && seen.info !== undefined) this.#connectionsOf(set, family).add(seen.info);
    }
    const memory = seen.skmeminfo ?? seen.meminfo;
    if (memory?.rmemAlloc !== undefined) sockets.addMemory(memory as SkMeminfo);
  }

  /** Counts what another one has counted, with the same labels and addresses, in the same round. */
  addAll(other: Tally): void {
    this.count += other.count;
    for (const [set, protocols] of other.#sockets) {
      for (const [protocol, families] of protocols) {
        for (const [family, states] of families) {
          for (const [state, sockets] of states)
            this.#socketsOf(set, protocol, family, state).addAll(sockets);
        }
      }
    }
    for (const [set, families] of other.#connections) {
      for (const [family, connections] of families) this.#connectionsOf(set, family).addAll(connections);
    }
    for (const [key, { sockets, queue, limit, full, ...where }] of other.#listeners) {
      const listener = within(this.#listeners, key, () => ({ ...where, ...NO_LISTENERS }));
      listener.sockets += sockets;
      listener.queue += queue;
      listener.limit += limit;
      listener.full += full;
    }
  }

  summary(): Summary {
    const summary: Summary = { sockets: [], listeners: [...this.#listeners.values()], tcp: [] };
    for (const [{ values: labels }, protocols] of this.#sockets) {
      for (const [protocol, families] of protocols) {
        for (const [family, states] of families) {
          for (const [state, sockets] of states) {
            summary.sockets.push(
              summaryOf({ family: family as DiagMsg['family'], protocol, state, labels }, sockets),
            );
          }
        }
      }
    }
    for (const [{ values }, families] of this.#connections) {
      for (const [family, connections] of families)
        summary.tcp.push(tcpSummaryOf(family, values, connections));
    }
    return summary;
  }

  #socketsOf(set: LabelSet, protocol: string, family: string, state: string): Sockets {
    const protocols = within(this.#sockets, set, () => new Map());
    const families = within(protocols, protocol, () => new Map());
    const states = within(families, family, () => new Map());
    return within(states, state, () => new Sockets());
  }

  #connectionsOf(set: LabelSet, family: string): Connections {
    const families = within(this.#connections, set, () => new Map());
    return within(families, family, () => new Connections());
  }

  #addListener(
    { family, src, sport, name, rqueue, wqueue }: Seen,
    protocol: string,
    { id, values }: LabelSet,
  ): void {
    if (rqueue === undefined || wqueue === undefined) return;
    const address = src ?? name ?? '';
    // A unix socket may have that very name.
    const isKept = address !== OTHER && this.#addresses.of(`${address} ${sport ?? ''}`) !== OTHER;
    const key = isKept ? `${id} ${protocol} ${family} ${sport ?? ''} ${address}` : `${protocol} ${family}`;
    const listener = within(this.#listeners, key, () => {
      const where = isKept ? { address, ...(sport !== undefined && { port: sport }) } : { address: OTHER };
      return { family, protocol, labels: isKept ? values : this.#sets.others, ...where, ...NO_LISTENERS };
    });
    listener.sockets++;
    listener.queue += rqueue;
    listener.limit += wqueue;
    // As the kernel decides: it lets one more in than the limit says.
    if (rqueue > wqueue) listener.full++;
  }
}

/** What a map has for a key, made now if need be. */
function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function summaryOf(
  kind: Pick<SocketsSummary, 'family' | 'protocol' | 'state' | 'labels'>,
  { count, rqueue, wqueue, memory }: Sockets,
): SocketsSummary {
  return { ...kind, count, rqueue, wqueue, ...(memory !== undefined && { memory }) };
}

function tcpSummaryOf(family: string, labels: LabelValues, connections: Connections): TcpSummary {
  return {
    family: family as TcpSummary['family'],
    labels,
    rtt: connections.rtt.histogram(),
    retransmission: connections.retransmission.histogram(),
    congestionWindow: connections.congestionWindow.histogram(),
    deliveryRate: connections.deliveryRate.histogram(),
  };
}
