/** Trees of text tables, for tests to read as if they were /proc. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const TCP_HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

export const UNIX_HEADER = 'Num       RefCount Protocol Flags    Type St Inode Path\n';

export const PACKET_HEADER = 'sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n';

export const NETLINK_HEADER =
  'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n';

/** One connection of TCP, from 127.0.0.1, with a port and an inode of its own. */
export function tcpLine(port: number, inode: number): string {
  const sport = port.toString(16).toUpperCase().padStart(4, '0');
  return (
    `   0: 0100007F:${sport} 0200007F:01BB 01 00000010:00000020 02:0000000A 00000000  1000        3 ${inode} ` +
    '2 0000000000000000 21 4 30 10 -1                 \n'
  );
}

export class Tree {
  readonly root: string = mkdtempSync(join(tmpdir(), 'sockdiag-proc-'));

  constructor() {
    mkdirSync(join(this.root, 'net'));
  }

  /** The path of a table. */
  path(name: string): string {
    return join(this.root, 'net', name);
  }

  /** Writes a table. */
  write(name: string, ...parts: (string | Uint8Array)[]): this {
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part));
    writeFileSync(this.path(name), Buffer.concat(bytes));
    return this;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
