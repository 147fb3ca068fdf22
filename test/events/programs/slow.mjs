// Watches the UDP sockets of a process's namespace, with a queue of so many events, and reads only when it is told to.
// Answers lines on its input: `memory`, and `read N`, which reads until N are given or lost.
import process from 'node:process';
import { createInterface } from 'node:readline';

import { watchDestroyed } from '../../../dist/index.js';

const watcher = watchDestroyed({
  netns: Number(process.argv[2]),
  protocols: ['udp'],
  queue: Number(process.argv[3]),
});
const print = (value) => console.log(JSON.stringify(value));

async function read(count) {
  const cookies = [];
  const losses = [];
  const lost = () => losses.reduce((sum, { count: some }) => sum + (some ?? 0), 0);
  while (cookies.length + lost() < count) {
    const { value } = await watcher.next();
    if (value.type === 'destroyed') cookies.push(value.socket.cookie);
    else losses.push({ ...value, before: cookies.length });
  }
  return { cookies, losses };
}

print('watching');
for await (const line of createInterface({ input: process.stdin })) {
  const [word, count] = line.split(' ');
  if (word === 'read') print(await read(Number(count)));
  else print(process.memoryUsage());
}
watcher.close();
