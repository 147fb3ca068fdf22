/** -D and --from: dumps as the kernel's own messages, into a file and out of it. */
import { type FileHandle, open } from 'node:fs/promises';

import { type DiagMsg, decode } from '../decode.js';
import { stateOf } from '../filter/match.js';
import type { InetDiagMsg } from '../inet/record.js';
import { SockDiagError } from '../netlink/errors.js';
import type { SocketState } from '../record/state.js';
import { contentOf } from './input.js';
import { print } from './output.js';
import { hasAllStates, type Kind, type Plan } from './plan.js';

const STDOUT = '-';

/** Writes all messages. @throws Error of the system, if the file cannot be written. */
export async function record(messages: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  if (path === STDOUT) {
    for await (const bytes of messages) await print(bytes);
    return;
  }
  let file: FileHandle | undefined;
  try {
    for await (const bytes of messages) {
      // Not before there is something to write: what cannot be read leaves an older recording as it was.
      file ??= await open(path, 'w');
      await file.writeFile(bytes);
    }
  } finally {
    await file?.close();
  }
}

/** The sockets of a recording that are asked for. @throws Error of the system, SockDiagError for what is no recording. */
export async function* recorded(path: string, plan: Plan): AsyncGenerator<DiagMsg[]> {
  const bytes = await contentOf(path);
  // Even of nothing there would be an end.
  if (bytes.length === 0) throw new SockDiagError('the recording is empty', { code: 'EBADMSG' });
  const dump = decode(bytes, plan.filter === undefined ? {} : { filter: plan.filter });
  for await (const records of dump.batches()) yield records.filter((socket) => isWanted(socket, plan));
}

function isWanted(socket: DiagMsg, { kinds, family, states }: Plan): boolean {
  const kind = kindOf(socket);
  if (kind === undefined || !kinds.includes(kind)) return false;
  const isOfIp = socket.family === 'inet' || socket.family === 'inet6';
  if (isOfIp && family !== undefined && socket.family !== family) return false;
  return hasAllStates(kind) || states.includes(stateOf(socket) as SocketState);
}

/** Undefined for what cannot be asked for. */
function kindOf(socket: DiagMsg): Kind | undefined {
  switch (socket.family) {
    case 'netlink':
      return 'netlink';
    case 'packet':
      return socket.type === 'dgram' ? 'packet_dgram' : 'packet_raw';
    case 'unix':
      return `unix_${socket.type}` as Kind;
    case 'vsock':
      return `vsock_${socket.type}` as Kind;
    case 'tipc':
    case 'xdp':
      return socket.family;
    default:
      return (socket as InetDiagMsg).protocol as Kind | undefined;
  }
}
