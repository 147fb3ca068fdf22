/**
 * Logs every TCP connection of this machine when it has ended, with what it has transferred.
 *
 *   node examples/closed-connections.mjs [FILTER]
 *   node examples/closed-connections.mjs 'sport = :443'
 */
import process from 'node:process';
import { watchDestroyed } from 'sockdiag';

const filter = process.argv[2];
const events = watchDestroyed({ protocols: ['tcp'], ...(filter === undefined ? {} : { filter }) });
process.once('SIGINT', () => events.return());

for await (const event of events) {
  if (event.type === 'lost') {
    // What was lost is said, never left out in silence.
    console.log(`${event.count ?? 'an unknown number of'} closed connections were missed`);
    continue;
  }
  const { src, sport, dst, dport, info } = event.socket;
  // Listeners and sockets that were never connected end as well. The end of a stream counts as a byte received.
  if (info === undefined || (info.bytesSent === 0 && info.bytesReceived === 0)) continue;
  console.log(
    `${src}:${sport} -> ${dst}:${dport} sent ${info.bytesSent} received ${info.bytesReceived} ` +
      `retransmitted ${info.totalRetrans} rtt ${(info.rtt / 1000).toFixed(2)} ms`,
  );
}
