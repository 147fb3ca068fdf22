/** What must and what must not compile of `sockdiag/name`, as test/types.ts has it of sockdiag. */
import type { DiagMsg, UnixDiagMsg } from '../../../lib/index.js';
import {
  type Address,
  type AnyRecord,
  formatAddress,
  formatHook,
  type Hook,
  NameSyntaxError,
  parseAddress,
  parseHook,
  peerName,
  socketName,
  type TextSyntaxError,
} from '../../../lib/name/index.js';

export function compiles(record: DiagMsg, others: readonly UnixDiagMsg[]): void {
  const hook: Hook = parseHook('inet/dgram/udp', { numbers: 'freebsd' });
  const address: Address = parseAddress('inet6/[2001:db8::1]:443');
  if ('port' in address) console.log(address.port, address.scopeId);
  else if ('bytes' in address) console.log(address.bytes.byteLength);
  else console.log(address.len, address.data[0]);
  const own: Address | undefined = socketName(record);
  const peer: Address | undefined = peerName(record satisfies AnyRecord, others);
  console.log(formatHook(hook, { decimals: true }), own && formatAddress(own), peer);
}

export function isAnError(error: unknown): string | undefined {
  const known: TextSyntaxError | undefined = error instanceof NameSyntaxError ? error : undefined;
  return known?.expected;
}

export function doesNotCompile(record: DiagMsg, address: Address): void {
  // @ts-expect-error: there may be none
  formatAddress(socketName(record));
  // @ts-expect-error: Linux's or FreeBSD's
  parseHook('2/1/6', { numbers: 'netbsd' });
  // @ts-expect-error: an address is read as it is written
  parseAddress('inet/127.0.0.1:80', { decimals: true });
  // @ts-expect-error: all three
  formatHook({ family: 2, type: 1 });
  // @ts-expect-error: of IP only
  console.log(address.port);
  // @ts-expect-error: no record
  socketName({ family: 'ax25' });
}
