/** What must and what must not compile of `sockdiag/proc`, as test/types.ts has it of sockdiag. */
import type { Dump, SocketType } from '../../../lib/index.js';
import {
  dumpIcmp,
  dumpNetlink,
  dumpPfKey,
  dumpTcp,
  dumpUdp,
  dumpUnix,
  type PfKeyMsg,
  type ProcIcmpMsg,
  type ProcTcpMsg,
  type ProcTcpOptions,
  type ProcUnixMsg,
} from '../../../lib/proc/index.js';

export async function compiles(signal: AbortSignal): Promise<void> {
  const options: ProcTcpOptions = { states: ['LISTEN'], owners: true, root: '/host/proc/1', signal };
  const tcp: Dump<ProcTcpMsg> = dumpTcp(options);
  for await (const { source, info, owners } of tcp)
    console.log(source === 'proc', info?.rto, owners?.[0]?.pid);
  const unix: readonly ProcUnixMsg[] = await dumpUnix({ show: ['name'] }).toArray();
  const icmp: Dump<ProcIcmpMsg> = dumpIcmp({ family: 'inet6' });
  for (const { type } of dumpPfKey()) console.log(type satisfies SocketType | undefined);
  const keys: Dump<PfKeyMsg> = dumpPfKey();
  console.log(unix.length, icmp, keys, dumpNetlink({ protocol: 'route' }));
}

export async function doesNotCompile(): Promise<void> {
  // @ts-expect-error: no such option
  dumpTcp({ fallback: 'proc' });
  // @ts-expect-error: sockets that are merely bound are not in the text
  dumpTcp({ states: ['BOUND_INACTIVE'] });
  // @ts-expect-error: UDP has no info
  dumpUdp({ show: ['info'] });
  // @ts-expect-error: a path
  dumpUnix({ root: 1 });
  // @ts-expect-error: no filter can be about them
  dumpPfKey({ filter: 'sport = 1' });
  for await (const socket of dumpTcp()) {
    // @ts-expect-error: the text has none
    const cookie: string = socket.cookie;
    // @ts-expect-error: of MPTCP and of netlink
    console.log(cookie, socket.info?.deliveryRate);
  }
}
