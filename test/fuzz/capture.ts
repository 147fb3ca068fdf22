/** Records what the kernel says of the sockets of this network namespace, once for each kind: `node capture.mjs FILE`. */
import { writeFileSync } from 'node:fs';
import process from 'node:process';

import {
  type Dump,
  dumpMptcp,
  dumpNetlink,
  dumpPacket,
  dumpTcp,
  dumpUdp,
  dumpUnix,
} from '../../lib/index.js';

const everything: Dump<unknown>[] = [
  dumpTcp({ show: ['info', 'cong', 'meminfo', 'skmeminfo', 'tos', 'tclass', 'ulpInfo'] }),
  dumpUdp({ show: ['skmeminfo', 'tos'] }),
  dumpMptcp({ show: ['info'] }),
  dumpUnix(),
  dumpPacket(),
  dumpNetlink(),
];

const parts: Uint8Array[] = [];
for (const dump of everything) for await (const part of dump.raw()) parts.push(part);
writeFileSync(process.argv[2] as string, Buffer.concat(parts));
