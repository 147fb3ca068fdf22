/** Counts sockets, one by one, and keeps none of them. */
import type { TcpInfo } from '../inet/tcp-info.js';
import type { SkMeminfo } from '../record/skmeminfo.js';
import { CONGESTION_WINDOW, DELIVERY_RATE, RETRANSMISSION, RTT } from './bounds.js';
import { Distribution } from './histogram.js';
import { LabelSets, type PlacedLabels } from './label-sets.js';
import { OTHER, type Places } from './places.js';
import type {
  Countable,
  LabelValues,
  ListenerSummary,
  MemorySummary,
  SocketsSummary,
  Summary,
  TcpSummary,
} from './summary.js';

/** What is looked at of records, which those of some families have: a glance has these, and no more. */
interface Seen {
  family: Countable['family'];
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

type Family = Countable['family'];

/** Sockets of one kind, in one state, with one set of labels. */
class Sockets {
  readonly family: Family;
  readonly protocol: string;
  readonly state: string;
  count = 0;
  rqueue = 0;
  wqueue = 0;
  memory: MemorySummary | undefined;

  constructor(family: Family, protocol: string, state: string) {
    this.family = family;
    this.protocol = protocol;
    this.state = state;
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

  addAll({ count, rqueue, wqueue, memory }: Sockets): void {
    this.count += count;
    this.rqueue += rqueue;
    this.wqueue += wqueue;
    if (memory !== undefined) this.addMemory(memory);
  }

  summary(labels: LabelValues): SocketsSummary {
    const { family, protocol, state, count, rqueue, wqueue, memory } = this;
    return {
      family,
      protocol,
      state,
      labels,
      count,
      rqueue,
      wqueue,
      ...(memory !== undefined && { memory }),
    };
  }
}

/** TCP connections of one family, with one set of labels. */
class Connections {
  readonly family: TcpSummary['family'];
  readonly rtt = new Distribution(RTT);
  readonly retransmission = new Distribution(RETRANSMISSION);
  readonly congestionWindow = new Distribution(CONGESTION_WINDOW);
  readonly deliveryRate = new Distribution(DELIVERY_RATE);

  constructor(family: TcpSummary['family']) {
    this.family = family;
  }

  add({ rtt, bytesSent, bytesRetrans, sndCwnd, deliveryRate }: TcpInfo): void {
    if (rtt > 0) this.rtt.add(rtt / 1e6);
    if (bytesSent > 0) this.retransmission.add(bytesRetrans / bytesSent);
    this.congestionWindow.add(sndCwnd);
    if (deliveryRate > 0) this.deliveryRate.add(deliveryRate);
  }

  addAll(other: Connections): void {
    this.rtt.addAll(other.rtt);
    this.retransmission.addAll(other.retransmission);
    this.congestionWindow.addAll(other.congestionWindow);
    this.deliveryRate.addAll(other.deliveryRate);
  }

  summary(labels: LabelValues): TcpSummary {
    return {
      family: this.family,
      labels,
      rtt: this.rtt.histogram(),
      retransmission: this.retransmission.histogram(),
      congestionWindow: this.congestionWindow.histogram(),
      deliveryRate: this.deliveryRate.histogram(),
    };
  }
}

/** All sockets with one set of labels. There are few kinds and states of them: to look through is faster than to look up. */
class Group {
  readonly labels: LabelValues;
  readonly sockets: Sockets[] = [];
  readonly connections: Connections[] = [];

  constructor(labels: LabelValues) {
    this.labels = labels;
  }

  of(family: Family, protocol: string, state: string): Sockets {
    const { sockets } = this;
    for (let i = 0; i < sockets.length; i++) {
      const one = sockets[i] as Sockets;
      if (one.state === state && one.family === family && one.protocol === protocol) return one;
    }
    const made = new Sockets(family, protocol, state);
    sockets.push(made);
    return made;
  }

  connectionsOf(family: TcpSummary['family']): Connections {
    const { connections } = this;
    for (let i = 0; i < connections.length; i++) {
      const one = connections[i] as Connections;
      if (one.family === family) return one;
    }
    const made = new Connections(family);
    connections.push(made);
    return made;
  }
}

export interface TallyOptions {
  placed: PlacedLabels;
  /** Of the addresses of listeners. */
  addresses: Places;
}

export class Tally {
  readonly #placed: PlacedLabels;
  readonly #addresses: Places;
  readonly #groups = new Set<Group>();
  readonly #sets: LabelSets<Group>;
  /** By all that tells them apart. */
  readonly #listeners = new Map<string, ListenerSummary>();
  /** How many sockets it has seen. */
  count = 0;

  constructor({ placed, addresses }: TallyOptions) {
    this.#placed = placed;
    this.#addresses = addresses;
    this.#sets = new LabelSets(placed, (values) => {
      const group = new Group(values);
      this.#groups.add(group);
      return group;
    });
  }

  add(record: Countable): void {
    const seen = record as Seen;
    const { family, state = WITHOUT_STATE } = seen;
    const protocol = seen.protocol ?? seen.type ?? WITHOUT_PROTOCOL;
    const group = this.#sets.of(record);
    const sockets = group.of(family, protocol, state);
    this.count++;
    sockets.count++;
    if (state === 'LISTEN') {
      this.#addListener(seen, protocol, group.labels);
    } else {
      sockets.rqueue += seen.rqueue ?? 0;
      sockets.wqueue += seen.wqueue ?? 0;
      const { info } = seen;
      if (protocol === 'tcp' && info !== undefined) group.connectionsOf(family as 'inet').add(info);
    }
    const memory = seen.skmeminfo ?? seen.meminfo;
    if (memory?.rmemAlloc !== undefined) sockets.addMemory(memory as SkMeminfo);
  }

  /** Adds what another one has counted, which is of the same places. */
  addAll(other: Tally): void {
    this.count += other.count;
    for (const { labels, sockets, connections } of other.#groups) {
      const group = this.#sets.ofValues(labels);
      for (const one of sockets) group.of(one.family, one.protocol, one.state).addAll(one);
      for (const one of connections) group.connectionsOf(one.family).addAll(one);
    }
    for (const [key, listener] of other.#listeners) {
      const own = this.#listeners.get(key);
      if (own === undefined) this.#listeners.set(key, { ...listener });
      else addListener(own, listener);
    }
  }

  /** Of each label, how many sockets each of its values has. */
  occurrences(): Map<string, number>[] {
    return this.#placed.labels.map(({ name }) => {
      const counts = new Map<string, number>();
      for (const { labels, sockets } of this.#groups) {
        const value = labels[name] as string;
        const count = sockets.reduce((all, one) => all + one.count, 0);
        counts.set(value, (counts.get(value) ?? 0) + count);
      }
      return counts;
    });
  }

  summary(): Summary {
    const groups = [...this.#groups];
    return {
      sockets: groups.flatMap(({ labels, sockets }) => sockets.map((one) => one.summary(labels))),
      listeners: [...this.#listeners.values()],
      tcp: groups.flatMap(({ labels, connections }) => connections.map((one) => one.summary(labels))),
    };
  }

  #addListener({ family, src, sport, name, rqueue, wqueue }: Seen, protocol: string, own: LabelValues): void {
    if (rqueue === undefined || wqueue === undefined) return;
    const address = src ?? name ?? '';
    // A unix socket may have that very name.
    const isKept = address !== OTHER && this.#addresses.of(`${address} ${sport ?? ''}`) !== OTHER;
    const where = isKept ? { address, ...(sport !== undefined && { port: sport }) } : { address: OTHER };
    const labels = isKept ? own : this.#placed.others;
    const key = JSON.stringify([family, protocol, where, labels]);
    // As the kernel decides: it lets one more in than the limit says.
    const added = { sockets: 1, queue: rqueue, limit: wqueue, full: rqueue > wqueue ? 1 : 0 };
    const listener = this.#listeners.get(key);
    if (listener === undefined) this.#listeners.set(key, { family, protocol, labels, ...where, ...added });
    else addListener(listener, added);
  }
}

function addListener(
  to: ListenerSummary,
  { sockets, queue, limit, full }: Pick<ListenerSummary, 'sockets' | 'queue' | 'limit' | 'full'>,
): void {
  to.sockets += sockets;
  to.queue += queue;
  to.limit += limit;
  to.full += full;
}
