/** What the kernel makes of a plan, told by the model of its programs: which of the random records it would send. */
import { parseAddress } from '../../lib/filter/addresses.js';
import type { MatchOptions } from '../../lib/filter/match.js';
import type { Plan } from '../../lib/filter/plan.js';
import type { Prefix } from '../../lib/filter/tree.js';
import type { SocketState } from '../../lib/record/state.js';
import { type KernelSocket, run } from './kernel.js';
import { NAMES, type randomInetRecord } from './random.js';

type InetRecord = ReturnType<typeof randomInetRecord>;

const PORT_RANGE = [32768, 60999] as const;

/** What the matcher is told of the machine that the records are of. */
export const OPTIONS: MatchOptions = { ...NAMES, portRange: PORT_RANGE };

/** What a program sees of the socket of a record. */
function socketOf(record: InetRecord): KernelSocket {
  return {
    family: record.family,
    src: bytesOf(record.src),
    sport: record.sport,
    dst: bytesOf(record.dst),
    dport: record.dport,
    ifindex: record.ifindex,
    mark: record.mark ?? 0,
    cgroup: BigInt(record.cgroupId ?? 0),
    // What the matcher takes it for, since no record tells.
    auto: record.sport >= PORT_RANGE[0] && record.sport <= PORT_RANGE[1],
  };
}

function bytesOf(text: string): readonly number[] {
  return (parseAddress(text) as Prefix).bytes;
}

/** The one by whose bit the kernel chooses it. */
function stateOf(record: InetRecord): SocketState {
  return record.protocol === 'tcp' && record.state === 'CLOSE' ? 'BOUND_INACTIVE' : record.state;
}

/** Whether the kernel sends a record of the socket when it is asked as planned. */
export function sends({ never, states, sport, dport, program }: Plan, record: InetRecord): boolean {
  if (never || (states !== undefined && !states.includes(stateOf(record)))) return false;
  if (sport !== 0 && sport !== record.sport) return false;
  if (dport !== 0 && dport !== record.dport) return false;
  return program === undefined || run(program, socketOf(record));
}
