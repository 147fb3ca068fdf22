// What somebody else does meanwhile, one part for each. Prints what came of it as lines of JSON.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import * as sockdiag from '../../../dist/index.js';
import * as proc from '../../../dist/proc/index.js';
import { arm, disarm, isReached, release, setClock } from './control.mjs';
import { connection, connections, elsewhere } from './world.mjs';

const { dumpNetlink, dumpTcp, dumpUnix, lookupTcpSync, watch, watchDestroyed } = sockdiag;
const print = (line) => console.log(JSON.stringify(line));
const told = ({ name, code, syscall }) => ({ name, code, syscall });
const count = (records) => ({ some: records.length > 0 });

function attempt(act) {
  try {
    return act();
  } catch (error) {
    return told(error);
  }
}

function descriptors() {
  const all = readdirSync('/proc/self/fd').map(Number);
  return all.filter((fd) => {
    try {
      return /^socket:|eventfd/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  });
}

/** Those that something has opened. */
async function openedBy(act) {
  const before = new Set(descriptors());
  const result = await act();
  return { result, opened: descriptors().filter((fd) => !before.has(fd)) };
}

async function datagram() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.close();
}

async function reached() {
  while (!isReached()) await sleep(1);
}

/** A way that is asked again behind the failure has all. */
async function again() {
  await connections({ port: 0, host: '127.0.0.1' }, 1);
  print(await dumpTcp().toArray().then(count, told));
}

const ofWatcher = () => openedBy(async () => watchDestroyed({ protocols: ['udp'] }));
const isSocket = (fd) => readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');

/** Whatever stays behind does not keep the process alive, nor does its end wait for it. */
async function closeAndEnd(watcher, closed) {
  for (const fd of closed) closeSync(fd);
  await watcher.return();
  print(await watcher.next());
  await again();
}

const parts = {
  async 'a dump'() {
    await connections({ path: process.env.SOCKDIAG_FAULTS_SOCKET }, 750);
    await dumpUnix().toArray();
    arm('recvmsg', 'hold', { at: 3 });
    const { result, opened } = await openedBy(async () => {
      const reading = dumpUnix().toArray().then(count, told);
      await reached();
      return { reading };
    });
    print({ opened: opened.length });
    for (const fd of opened) closeSync(fd);
    release();
    print(await result.reading);
    await again();
  },
  async 'a lookup'() {
    const server = await connections({ port: 0, host: '127.0.0.1' }, 1);
    const which = { src: '127.0.0.1', sport: server.address().port, dst: '0.0.0.0', dport: 0 };
    const look = () => attempt(() => ({ found: lookupTcpSync(which).sport === which.sport }));
    const { opened } = await openedBy(look);
    print({ opened: opened.length });
    for (const fd of opened) closeSync(fd);
    print(look());
    print(look());
  },
  async 'a watcher, its socket'() {
    const { result: watcher, opened } = await ofWatcher();
    print({ opened: opened.length });
    await datagram();
    print({ type: (await watcher.next()).value.type });
    closeSync(opened.find(isSocket));
    await datagram();
    await datagram();
    let error;
    while (error === undefined) await watcher.next().catch((reason) => (error = reason));
    print(told(error));
    await again();
  },
  async 'a watcher, its bell'() {
    const { result: watcher, opened } = await ofWatcher();
    await closeAndEnd(
      watcher,
      opened.filter((fd) => !isSocket(fd)),
    );
  },
  async 'a watcher, all of it'() {
    const { result: watcher, opened } = await ofWatcher();
    await closeAndEnd(watcher, opened);
  },
  async 'a watcher, and others have its numbers'() {
    const { result: watcher, opened } = await ofWatcher();
    for (const fd of opened) closeSync(fd);
    for (const _ of opened) openSync('/dev/null', 'r+');
    await watcher.return();
    print(await watcher.next());
    await again();
  },
  async 'a namespace'() {
    const name = process.env.SOCKDIAG_FAULTS_NAMESPACE;
    const ip = (...words) => execFileSync('ip', words);
    ip('netns', 'add', name);
    // The kernel's own sockets are in each.
    const ask = (netns) => dumpNetlink({ netns }).toArray().then(count, told);
    // Deleted once its file is open.
    arm('setns', 'hold', { at: 1 });
    const first = ask(name);
    await reached();
    const { found } = await sockdiag.namespaces();
    const netns = found.find((one) => one.name === name);
    const watcher = watchDestroyed({ netns });
    ip('netns', 'delete', name);
    release();
    disarm();
    print(await first);
    for (const gone of [name, netns, [netns]]) print(await ask(gone));
    print(attempt(() => watchDestroyed({ netns })));
    print(attempt(() => lookupTcpSync({ src: '127.0.0.1', sport: 1, dst: '0.0.0.0', dport: 0 }, { netns })));
    print(await watcher.return());
  },
  async 'too few descriptors'() {
    const server = await connections({ port: 0, host: '127.0.0.1' }, 1);
    const which = { src: '127.0.0.1', sport: server.address().port, dst: '0.0.0.0', dport: 0 };
    const netns = await elsewhere();
    const ways = {
      dump: async () => (await dumpTcp().toArray()).length,
      'dump, synchronously': () => [...dumpTcp()].length,
      'dump of a namespace': async () => (await dumpTcp({ netns }).toArray()).length,
      'dump with owners': async () => (await dumpTcp({ owners: true }).toArray()).length,
      'dump of /proc': async () => (await proc.dumpTcp().toArray()).length,
      namespaces: async () => (await sockdiag.namespaces()).found.length,
      watcher: () => watchDestroyed().return(),
      probe: () => sockdiag.probe(),
      // Its socket is kept.
      lookup: () => lookupTcpSync(which).sport,
    };
    for (const way of Object.values(ways)) await way();
    await sleep(2500);
    execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=200']);
    for (const [name, way] of Object.entries(ways)) {
      const spare = [];
      try {
        for (;;) spare.push(openSync('/dev/null'));
      } catch {
        // There are no more.
      }
      const codes = [];
      for (let free = 0; free <= 6; free++) {
        codes.push(
          await (async () => way())().then(
            () => 'whole',
            ({ code }) => code,
          ),
        );
        closeSync(spare.pop());
      }
      for (const fd of spare) closeSync(fd);
      print({ name, codes });
    }
  },
  async 'a clock'() {
    const server = await connections({ port: 0, host: '127.0.0.1' }, 0);
    server.on('connection', (socket) => socket.resume());
    const { socket } = await connection(server);
    const writing = setInterval(() => socket.write('x'.repeat(1000)), 5);
    const changes = watch(dumpTcp({ show: ['info'], filter: `sport = ${socket.localPort}` }), {
      interval: 20,
    });
    const year = 365 * 24 * 3600;
    for (const jump of [0, year, -year, 0]) {
      setClock(jump);
      const rates = [];
      while (rates.length < 3) {
        const { value } = await changes.next();
        if (value.type === 'changed') rates.push(value.rates?.bytesSent);
      }
      const now = Math.round((Date.now() - performance.timeOrigin) / 1000 / year);
      print({
        now,
        plausible: rates.every((rate) => rate >= 0 && rate < 1e9),
        some: rates.some((rate) => rate > 100),
      });
    }
    clearInterval(writing);
    await changes.return();
  },
};

await parts[process.argv[2]]();
process.exit(0);
