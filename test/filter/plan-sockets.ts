/** What a filter means of a socket, term by term, and whether the kernel lets one through that a plan asks for. */
import type { Plan } from '../../lib/filter/plan.js';
import type { Expression, Host, Port } from '../../lib/filter/tree.js';
import type { SocketState } from '../../lib/record/state.js';
import { type KernelSocket, leadingBitsEqual, run } from './kernel.js';

/** A socket with what only a dump knows of it. */
export interface Socket extends KernelSocket {
  state: SocketState;
}

export const SOCKET: Socket = {
  family: 'inet',
  state: 'ESTABLISHED',
  src: [127, 0, 0, 1],
  sport: 22,
  dst: [10, 0, 0, 2],
  dport: 50000,
  ifindex: 0,
  mark: 0,
  cgroup: 1n,
  auto: false,
};

/** What a filter means, term by term. */
export function meets(expression: Expression, socket: Socket): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.terms.every((term) => meets(term, socket));
    case 'or':
      return expression.terms.some((term) => meets(term, socket));
    case 'not':
      return !meets(expression.term, socket);
    case 'state':
      return expression.states.includes(socket.state);
    case 'autobound':
      return socket.auto;
    case 'port':
      return compares(expression, expression.end === 'src' ? socket.sport : socket.dport);
    case 'host':
      return hostMeets(expression, socket) === (expression.equality === '=');
    case 'dev':
      return (socket.ifindex === expression.device) === (expression.equality === '=');
    case 'fwmark':
      return ((socket.mark & expression.mask) >>> 0 === expression.mark) === (expression.equality === '=');
    case 'cgroup':
      // 0 is what the kernel says of a socket that has none.
      return (
        (socket.cgroup !== 0n && socket.cgroup === BigInt(expression.cgroup)) ===
        (expression.equality === '=')
      );
  }
}

function compares({ comparison, port = undefined }: Port, own: number): boolean {
  const other = port ?? own;
  switch (comparison) {
    case '=':
      return own === other;
    case '!=':
      return own !== other;
    case '>=':
      return own >= other;
    case '<=':
      return own <= other;
    case '>':
      return own > other;
    case '<':
      return own < other;
  }
}

export const MAPPED: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function hostMeets({ end, host }: Host, socket: Socket): boolean {
  if (host.family !== undefined && host.family !== 'inet' && host.family !== 'inet6') return false;
  const [address, own] = end === 'src' ? [socket.src, socket.sport] : [socket.dst, socket.dport];
  if (host.port !== undefined && host.port !== own) return false;
  const mapped = socket.family === 'inet6' && leadingBitsEqual(address, MAPPED, 96);
  if (host.addresses === undefined) {
    return host.family === undefined || host.family === socket.family || (host.family === 'inet' && mapped);
  }
  return host.addresses.some(({ family, bytes, length }) => {
    if (family === socket.family) return leadingBitsEqual(address, bytes, length);
    return family === 'inet' && mapped && leadingBitsEqual(address.slice(12), bytes, length);
  });
}

/** What the kernel lets through: by mask, header and program. */
export function passes({ states, sport, dport, program, never }: Plan, socket: Socket): boolean {
  if (never || (states !== undefined && !states.includes(socket.state))) return false;
  const isInactive = socket.state === 'BOUND_INACTIVE';
  if (!isInactive && sport !== 0 && sport !== socket.sport) return false;
  if (!isInactive && dport !== 0 && (dport !== socket.dport || socket.state === 'LISTEN')) return false;
  return program === undefined || run(program, socket);
}
