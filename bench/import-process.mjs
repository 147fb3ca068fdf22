/** In a process of its own: how long importing what is named takes, in milliseconds; `dump` behind it, and the first record too. */
import process from 'node:process';

const [specifier = '', then] = process.argv.slice(2);
const before = performance.now();
const { dumpUnix } = await import(specifier);
if (then === 'dump') for (const _ of dumpUnix()) break;
process.stdout.write(String(performance.now() - before));
