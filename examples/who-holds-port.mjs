/**
 * Tells which processes hold a port: `node examples/who-holds-port.mjs 8080`. To see those of other users, it must be run as root.
 */
import process from 'node:process';
import { dumpTcp, dumpUdp } from 'sockdiag';

const port = Number(process.argv[2]);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
  console.error('usage: who-holds-port.mjs PORT');
  process.exit(2);
}

let found = false;
for (const dump of [dumpTcp, dumpUdp]) {
  for await (const socket of dump({ filter: `sport = :${port}`, owners: true })) {
    found = true;
    const { protocol, state, src, sport, dst, dport, owners } = socket;
    const peer = dport === 0 ? '' : ` -> ${dst}:${dport}`;
    console.log(`${protocol} ${state} ${src}:${sport}${peer} ${describe(owners)}`);
  }
}
if (!found) {
  console.log(`nobody holds port ${port}`);
  process.exitCode = 1;
}

/** @param {import('sockdiag').SocketOwner[] | undefined} owners */
function describe(owners) {
  // Whom we may not look at is another matter than nobody.
  if (owners === undefined) return 'held by a process that may not be seen';
  if (owners.length === 0) return 'held by no process';
  return owners.map(({ comm, pid, fd }) => `${comm} (pid ${pid}, descriptor ${fd})`).join(', ');
}
