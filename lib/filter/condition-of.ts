/** From an expression to the condition that says the same of the sockets of IP protocols. */
import type { SocketState } from '../record/state.js';
import {
  ALL_STATES,
  type Condition,
  type HostAtom,
  join,
  type OtherAtom,
  portSet,
  stateSet,
} from './condition.js';
import { gather } from './gather.js';
import { bitsOf, numberOf } from './prefixes.js';
import { rangesOf } from './ranges.js';
import type { Expression, Host, HostPattern, InetPattern, Prefix, State } from './tree.js';

/** What a device or cgroup stands for, and what the kernel can be asked. */
export interface Lookup {
  device(device: string | number): number;
  cgroup(cgroup: string | number): bigint;
  /** Whether the kernel can be asked for a test of this operation. */
  can(op: OtherAtom['test']['op']): boolean;
}

/** The condition of an expression, or of its opposite, over the sockets of IP protocols. */
export function conditionOf(expression: Expression, lookup: Lookup, negated = false): Condition {
  switch (expression.kind) {
    case 'and':
    case 'or':
    case 'not': {
      const { kind, terms } = gather(expression, negated);
      const parts = terms.map((term) => conditionOf(term.term, lookup, term.negated));
      return join(kind, parts);
    }
    case 'state':
      return stateSet(statesOf(expression, negated));
    case 'port':
      return portSet(expression.end, rangesOf(expression.comparison, expression.port, negated));
    case 'host':
      return hostCondition(expression, (expression.equality === '!=') !== negated);
    case 'dev': {
      const ifindex = lookup.device(expression.device);
      return other(lookup, { op: 'DEV_COND', ifindex }, (expression.equality === '!=') !== negated);
    }
    case 'fwmark': {
      const { mark, mask } = expression;
      const opposite = (expression.equality === '!=') !== negated;
      // Bits outside of the mask are never set, and with an empty mask there is nothing to look at.
      if ((mark & ~mask) !== 0) return opposite;
      if (mask === 0) return !opposite;
      return other(lookup, { op: 'MARK_COND', mark, mask }, opposite);
    }
    case 'cgroup': {
      const id = lookup.cgroup(expression.cgroup);
      const opposite = (expression.equality === '!=') !== negated;
      // No cgroup has this id; but it is what the kernel takes for that of TIME_WAIT and SYN_RECV.
      if (id === 0n) return opposite;
      return other(lookup, { op: 'CGROUP_COND', id }, opposite);
    }
    case 'autobound':
      return other(lookup, { op: 'AUTO' }, negated);
  }
}

function statesOf({ states }: State, negated: boolean): readonly SocketState[] {
  const set = new Set<SocketState>(states.map((state) => (state === 'NEW_SYN_RECV' ? 'SYN_RECV' : state)));
  return ALL_STATES.filter((state) => set.has(state) !== negated);
}

function hostCondition({ end, host }: Host, negated: boolean): Condition {
  // It says nothing of these sockets, whether it is asked for or its opposite: the latter is the matcher's affair.
  if (!isInet(host))
    return negated && { kind: 'opaque', why: `not ${host.family}: says nothing of IP sockets` };
  const prefixes = host.addresses ?? (host.family === undefined ? undefined : [anyOf(host.family)]);
  if (prefixes === undefined) return portSet(end, rangesOf('=', host.port, negated));
  const atoms = prefixes.map((prefix): HostAtom => {
    const { family, length } = prefix;
    return { kind: 'host', end, family, length, value: numberOf(prefix), port: host.port, negated };
  });
  return join(negated ? 'and' : 'or', atoms);
}

/** The others are of families that no socket of an IP protocol is of. */
function isInet(host: HostPattern): host is InetPattern {
  return host.family === undefined || host.family === 'inet' || host.family === 'inet6';
}

function anyOf(family: 'inet' | 'inet6'): Prefix {
  return { family, bytes: new Array<number>(bitsOf(family) / 8).fill(0), length: 0 };
}

function other(lookup: Lookup, test: OtherAtom['test'], negated: boolean): Condition {
  if (lookup.can(test.op)) return { kind: 'other', test, negated };
  return { kind: 'opaque', why: `the kernel has no ${test.op}, or not for us` };
}
