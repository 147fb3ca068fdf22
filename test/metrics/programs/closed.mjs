// Makes a collection of the namespace that it is in whenever a line comes, and prints it; `closed` counts from the start.
import process from 'node:process';
import { createInterface } from 'node:readline';

import { collector, expose } from '../../../dist/metrics/index.js';

const all = collector({ closed: true, labels: ['local_port', 'owner', 'remote_network'] });
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const collection = await all.collect();
  const formats = ['prometheus', 'openmetrics'].map((format) => expose(collection, { format }));
  console.log(JSON.stringify(line === 'text' ? formats : collection));
}
await all.close();
