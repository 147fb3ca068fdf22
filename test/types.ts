/**
 * What must and what must not compile. `npm run check:types` is the test, and `npm run test:types` with the package in the
 * place of lib; nothing here runs.
 */
import dgram from 'node:dgram';
import net from 'node:net';

import {
  accecnOf,
  type BytecodeOp,
  type DestroyedSocket,
  type DestroyedWatcher,
  type DiagMsg,
  type Dump,
  decode,
  dump,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpRaw,
  dumpSctp,
  dumpTcp,
  dumpTipc,
  dumpUdp,
  dumpUnix,
  dumpVsock,
  type InetDiagMsg,
  type InetShow,
  lookupTcp,
  lookupTcpSync,
  lookupUdp,
  lookupUnix,
  type NamedDumps,
  type Namespace,
  namespaces,
  type Owners,
  owners,
  ownersSync,
  probe,
  SockDiagError,
  type SockDiagErrorDetails,
  type SocketType,
  type TcpDiagMsg,
  type UnixDiagMsg,
  type UnixInstead,
  watch,
  watchDestroyed,
} from '../lib/index.js';

export async function compilesByName(name: string): Promise<void> {
  const tcp: Dump<TcpDiagMsg> = dump('inet/stream/tcp', { states: ['LISTEN'], show: ['info'] });
  const unix: Dump<UnixDiagMsg> = dump('local/dgram/0', { show: ['name'] });
  const any: Dump<DiagMsg> = dump(name);
  // @ts-expect-error: the name says the family
  dump('inet/stream/tcp', { family: 'inet6' });
  // @ts-expect-error: unix sockets have no info
  dump('local/dgram/0', { show: ['info'] });
  for await (const socket of dumpTcp({ fallback: 'proc' })) {
    // @ts-expect-error: the text of /proc has none
    const cookie: string = socket.cookie;
    if (socket.source === 'proc') continue;
    const known: string = socket.cookie;
    void [cookie, known];
  }
  // @ts-expect-error: there is only one
  dumpTcp({ fallback: 'ss' });
  // @ts-expect-error: not all dumps have it
  dumpSctp({ fallback: 'proc' });
  void [tcp, unix, any];
}

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

/** Each protocol has its own `info`, and each family its own words. */
export async function isTyped(): Promise<void> {
  for await (const { info, cong, ulpInfo } of dumpTcp({ show: ['info', 'cong', 'ulpInfo'] })) {
    const rtt: number | undefined = info?.rtt;
    // Newer than the oldest kernel that is promised.
    const window: number | undefined = info?.rcvWnd;
    console.log(rtt, window, cong, ulpInfo?.tls?.cipher === 'AES-GCM-128', info && accecnOf(info));
  }
  for await (const { info } of dumpMptcp({ show: ['info'] })) console.log(info?.flags.fallback);
  for await (const socket of dumpSctp({ show: ['info'] })) {
    if (socket.state === 'COOKIE_WAIT') console.log(socket.peers?.[0]?.addr, socket.info?.pAddress?.port);
  }
  for await (const { filter, fanout } of dumpPacket({ show: ['filter', 'fanout'] }))
    console.log(filter, fanout?.type);
  for await (const { groups } of dumpNetlink({ protocol: 'route' })) console.log(groups?.length);
  const recorded: Dump<DiagMsg> = decode(new Uint8Array(), { protocol: 'udp' });
  for (const socket of recorded) if (socket.family === 'unix') console.log(socket.peer);
  for await (const bytes of recorded.raw()) console.log(bytes.byteLength);
  await using watcher: DestroyedWatcher = watchDestroyed({
    protocols: ['tcp'],
    filter: 'sport = 443',
  });
  for await (const event of watcher.unref()) {
    if (event.type === 'lost') console.log(event.reason, event.count);
    else if (event.socket.protocol === 'tcp') console.log(event.socket.info?.bytesAcked, event.socket.rqueue);
    else console.log(event.socket.sport);
  }
}

/** What is found is what can be asked. */
export async function isNamespaced(): Promise<void> {
  const { found, denied } = await namespaces();
  const named: readonly Namespace[] = found.filter(({ name }) => name !== undefined);
  const [first] = await dumpTcp({ netns: [...named, 'blue', 1, { fd: 3 }] }).toArray();
  const netns: number | undefined = first?.netns;
  if (found[0] !== undefined) dumpUnix({ netns: found[0] });
  console.log(netns, denied);
  // @ts-expect-error: the array of them, not what else was told
  dumpTcp({ netns: await namespaces() });
}

export async function hasOwners(signal: AbortSignal): Promise<void> {
  for await (const { owners: holders } of dumpPacket({ owners: true })) {
    // @ts-expect-error: whether nobody holds it may not be known
    console.log(holders.length);
    const startTime: number | undefined = holders?.[0]?.startTime;
    console.log(startTime);
  }
  const { sockets, denied, hidden }: Owners = await owners({ pids: [1], inodes: [2], signal });
  console.log(sockets.get(2)?.[0]?.comm, denied + 1, hidden === true, ownersSync().vanished);
  for await (const { owners: holders } of dumpTcp({ owners: 'bpf' })) console.log(holders?.length);
  console.log(ownersSync({ bpf: true }).bpf === true);
  // @ts-expect-error there are two ways, and `true` is the other
  dumpTcp({ owners: 'proc' });
  dumpSctp({ consistent: true });
  // @ts-expect-error: what is synchronous cannot be aborted
  ownersSync({ signal });
}

/** Changes have the records of what is watched. */
export async function isTypedByWhatIsWatched(signal: AbortSignal): Promise<void> {
  for await (const change of watch(dumpTcp({ show: ['info'] }), { interval: 500, signal })) {
    const rtt: number | undefined = change.socket.info?.rtt;
    if (change.type === 'changed') console.log(change.previous.cong, change.rates?.bytesAcked, rtt);
    // @ts-expect-error: only of what is changed
    console.log(change.rates);
  }
  const events: AsyncIterable<{ type: 'destroyed'; socket: TcpDiagMsg } | { type: 'lost'; count: number }> =
    (async function* () {})();
  for await (const change of watch(dumpTcp(), { events }))
    if (change.type === 'closed') console.log(change.final?.info?.bytesReceived);
  for await (const { socket } of watch(dumpUnix())) console.log(socket.icons);
  // @ts-expect-error: of what is changed, or closed
  for await (const change of watch(dumpUdp())) console.log(change.previous);
  // @ts-expect-error: not a counter
  for await (const change of watch(dumpTcp())) if (change.type === 'changed') console.log(change.rates?.rtt);
  // @ts-expect-error: the dump has the namespace
  watch(dumpTcp(), { netns: 1 });
}

/** What Node has open is looked up as such, whether or not a program asks for Node's types itself. */
export async function isLookedUp(record: TcpDiagMsg): Promise<void> {
  const live: TcpDiagMsg | UnixInstead | undefined = await lookupTcp(new net.Socket(), { show: ['info'] });
  const again: TcpDiagMsg | undefined = lookupTcpSync(record);
  await lookupUdp(dgram.createSocket('udp4'));
  await lookupUnix(net.createServer());
  console.log(live?.info?.rtt, again?.sport, await lookupTcp(['inet/127.0.0.1:80', 'inet/127.0.0.1:4711']));
  // @ts-expect-error: no socket of Node's
  lookupTcp(new Date());
  // @ts-expect-error: of UDP
  lookupTcp(dgram.createSocket('udp4'));
  // @ts-expect-error: of TCP
  lookupUdp(net.createServer());
  // @ts-expect-error: BPF storages come in dumps only
  lookupTcp(record, { show: ['skBpfStorages'] });
  // @ts-expect-error: it may be gone
  console.log(lookupTcpSync(record).sport);
}

/** Whoever wraps a call can name what it takes and gives. */
export async function isNameable<N extends keyof NamedDumps>(name: N, type: SocketType): Promise<InetShow> {
  const options: NamedDumps[N]['options'] = { filter: 'dport = 443' };
  const named: Dump<NamedDumps[N]['record']> = dump(name, options);
  const ops = Object.entries((await probe()).bytecode) as [BytecodeOp, { supported: boolean }][];
  const details: SockDiagErrorDetails = { code: 'EPERM', unsupported: 'family' };
  console.log(named, ops, new SockDiagError(type, details).code);
  // @ts-expect-error: no such kind
  const wrong: keyof NamedDumps = 'inet/stream/udp';
  console.log(wrong);
  // @ts-expect-error: of all protocols
  return 'info';
}

export function doesNotCompile(record: InetDiagMsg, tcp: TcpDiagMsg, destroyed: DestroyedSocket): void {
  // @ts-expect-error: events do not tell it
  console.log(destroyed.uid);
  // @ts-expect-error: of TCP only
  console.log(destroyed.info);
  // @ts-expect-error: the kernel has events of TCP and UDP only
  watchDestroyed({ protocols: ['raw'] });
  // @ts-expect-error: of TCP, whose table may be large
  dumpUdp({ parallel: 2 });
  // @ts-expect-error: a number
  dumpTcp({ parallel: true });
  // @ts-expect-error: UDP has no info
  dumpUdp({ show: ['info'] });
  // @ts-expect-error: shown always
  dumpTcp({ show: ['shutdown'] });
  // @ts-expect-error: the kernel cannot choose raw sockets by state
  dumpRaw({ states: ['CLOSE'] });
  // @ts-expect-error: there is nothing to choose
  dumpVsock({ show: ['info'] });
  // @ts-expect-error: nor here
  dumpTipc({ show: [] });
  // @ts-expect-error: no such protocol
  dumpNetlink({ protocol: 'rtnetlink' });
  // @ts-expect-error: of MPTCP, not of TCP
  console.log(tcp.info?.token);
  // @ts-expect-error: a kernel of 4.19 does not have it
  const window: number = (tcp.info as NonNullable<typeof tcp.info>).rcvWnd;
  console.log(window);
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
