/** Sockets for filters to tell apart, in the namespace of a world that has none such. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { cgroupMount } from '../../lib/filter/resolvers.js';

export interface LiveSockets {
  /** The cgroup that the sockets are in, from the root of the hierarchy on; undefined where none could be made. */
  cgroup: string | undefined;
  /** Ports that the kernel gave. */
  autobound: number[];
  /** Whether there are MPTCP sockets. */
  mptcp: boolean;
  stop(): Promise<void>;
}

/** Connections are reset at the end, so that nothing is left of them. */
const SCRIPT = `
import json, os, socket, struct, sys
procs = sys.argv[1]
if procs:
    with open(procs, 'w') as file:
        file.write(str(os.getpid()))
kept, given = [], []
def make(family, kind, protocol=0, **options):
    sock = socket.socket(family, kind, protocol)
    kept.append(sock)
    for name, value in options.items():
        packed = struct.pack('=I', value) if name == 'MARK' else value
        sock.setsockopt(socket.SOL_SOCKET, getattr(socket, 'SO_' + name), packed)
    return sock
def pair(family, address, protocol=0, **options):
    listener = make(family, socket.SOCK_STREAM, protocol, **options)
    listener.listen()
    port = listener.getsockname()[1]
    client = make(family, socket.SOCK_STREAM, protocol, **options)
    client.connect((address, port))
    server = listener.accept()[0]
    kept.append(server)
    for sock in client, server:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    given.extend([port, client.getsockname()[1]])
pair(socket.AF_INET, '127.0.0.1')
pair(socket.AF_INET, '127.0.0.1', MARK=0x1f0001)
pair(socket.AF_INET6, '::1', MARK=0x80000001)
pair(socket.AF_INET6, '::ffff:127.0.0.1', BINDTODEVICE=b'lo')
for family, address, mark in (socket.AF_INET, '127.0.0.1', 0x14), (socket.AF_INET6, '::1', 0x15):
    for device in b'', b'lo':
        near = make(family, socket.SOCK_DGRAM, MARK=mark, BINDTODEVICE=device)
        near.connect((address, 53))
try:
    pair(socket.AF_INET, '127.0.0.1', 262)
    pair(socket.AF_INET6, '::1', 262, MARK=0x14)
    mptcp = True
except OSError:
    mptcp = False
print(json.dumps({'autobound': given, 'mptcp': mptcp}), flush=True)
sys.stdin.read()
`;

export async function startLiveSockets(pid: number): Promise<LiveSockets> {
  const group = makeGroup();
  const procs = group === undefined ? '' : join(group.directory, 'cgroup.procs');
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, 'python3', '-c', SCRIPT, procs], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    if (group !== undefined) rmdirSync(group.directory);
  };
  const early = ended.then(([code]) => {
    throw new Error(`the sockets could not be made (exit code ${code})`);
  });
  try {
    const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), early]);
    return { ...JSON.parse(line as string), cgroup: group?.path, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    early.catch(() => undefined);
  }
}

function makeGroup(): { directory: string; path: string } | undefined {
  const mount = cgroupMount();
  if (mount === undefined) return undefined;
  try {
    const directory = mkdtempSync(join(mount, 'sockdiag-live-'));
    return { directory, path: directory.slice(mount.length) };
  } catch {
    return undefined;
  }
}
