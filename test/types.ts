/** What must and what must not compile. `npm run check:types` is the test; nothing here runs. */
import {
  type Dump,
  dumpTcp,
  dumpUnix,
  type InetDiagMsg,
  SockDiagError,
  type UnixDiagMsg,
} from '../lib/index.js';

export async function compiles(signal: AbortSignal | undefined): Promise<void> {
  const tcp: Dump<InetDiagMsg> = dumpTcp({ states: ['LISTEN'], family: 'inet6', signal, netns: { fd: 3 } });
  const unix: Dump<UnixDiagMsg> = dumpUnix({ states: ['LISTEN'], show: ['name', 'uid'], netns: 'blue' });
  for await (const { src, sport, mark, sockopt } of tcp) {
    const text: string = src;
    const port: number = sport;
    // @ts-expect-error: what the kernel may leave out may be undefined
    const number: number = mark;
    const flag: boolean | undefined = sockopt?.freebind;
    console.log(text, port, number, flag);
  }
  for await (const batch of unix.batches()) console.log(batch[0]?.nameBytes?.byteLength);
  for (const socket of tcp) if (socket.state === 'TIME_WAIT') console.log(socket.expires);
  const all: InetDiagMsg[] = await tcp.toArray();
  console.log(all.length, new SockDiagError('', { code: 'EPERM' }).unsupported === 'family');
}

export function doesNotCompile(record: InetDiagMsg): void {
  // @ts-expect-error: no such option
  dumpTcp({ state: ['LISTEN'] });
  // @ts-expect-error: no such state
  dumpTcp({ states: ['LISTENING'] });
  // @ts-expect-error: a state that unix sockets do not have
  dumpUnix({ states: ['TIME_WAIT'] });
  // @ts-expect-error: an option that unix sockets do not have
  dumpUnix({ family: 'inet' });
  // @ts-expect-error: no such attribute
  dumpUnix({ show: ['names'] });
  // @ts-expect-error: an IP socket has no name
  console.log(record.name);
  // @ts-expect-error: shared between records
  if (record.sockopt !== undefined) record.sockopt.freebind = true;
}
