// All ways to look at sockets, and to act on them, whose answer is the same every time. Of each, `world` makes what is looked
// at, and answers where that is; `ask` asks; and `told` says of a lesser answer whether it says so itself.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import process from 'node:process';

import * as sockdiag from '../../../dist/index.js';
import * as proc from '../../../dist/proc/index.js';
import { connection, connections, elsewhere } from './world.mjs';

const { dumpTcp, dumpUnix, lookupTcp, lookupTcpSync, owners, ownersSync } = sockdiag;

/** What a record is known by. */
const known = ({ cookie, inode }) => cookie ?? inode;
const all = (records) => records.map(known).sort();
const TCP = { states: ['LISTEN', 'ESTABLISHED'], show: ['info'] };
const AT = { src: '127.0.0.1', dst: '0.0.0.0', dport: 0 };

/** Some sockets of TCP. */
async function tcp() {
  const server = await connections({ port: 0, host: '127.0.0.1' }, 3);
  return { port: server.address().port };
}

/** So many of unix that a dump of them takes several receives, and more than one batch. */
async function unix() {
  await connections({ path: process.env.SOCKDIAG_FAULTS_SOCKET }, 750);
  return {};
}

/** Those of another namespace. A process of its own, too, so that two threads look for owners. */
async function another() {
  const { port } = await tcp();
  const pid = await elsewhere();
  const { found } = await sockdiag.namespaces();
  // Mounts are those of the whole machine.
  return { port, pid, found: found.filter((one) => one.pid !== undefined) };
}

/** Where a connection is made for each time. */
async function deadly() {
  const server = await connections({ port: 0, host: '127.0.0.1' }, 0);
  const prepare = async () => {
    const { socket, end } = await connection(server);
    return { socket, end, record: await lookupTcp(socket) };
  };
  return { prepare };
}

async function gather(iterator, each) {
  const answer = [];
  for await (const one of iterator) answer.push(...each(one));
  return answer.sort();
}

const counted = (found) => ({ ...found, sockets: found.sockets.size });
const isLess = ({ denied, vanished, hidden }) => denied > 0 || vanished > 0 || hidden === true;

async function watchDestroyed(options) {
  const watcher = sockdiag.watchDestroyed({ protocols: ['udp'], ...options });
  try {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    for await (const event of watcher)
      if (event.type === 'lost' || event.socket.sport === port) return event.type;
    return 'the end';
  } finally {
    await watcher.return();
  }
}

/** The first changes are the sockets that there are. */
async function watch(signal) {
  const found = [];
  for await (const { socket } of sockdiag.watch(dumpTcp(TCP), { existing: true, interval: 1, signal })) {
    found.push(known(socket));
    if (found.length === 7) return found.sort();
  }
  return found;
}

async function destroy({ record, socket }) {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await sockdiag.destroy(record);
  await closed;
  return 'gone';
}

async function destroyMatching({ record }) {
  const results = await sockdiag.destroyMatching(dumpTcp({ filter: `sport = ${record.sport}` }));
  for (const { error } of results) if (error !== undefined) throw error;
  return results.length;
}

async function probe() {
  const { families, protocols, bytecode, destroy, events } = await sockdiag.probe();
  const all = [families, protocols, bytecode, destroy, events].flatMap((group) => Object.values(group));
  return all.map(({ supported, reason }) => [supported, reason]);
}

export const WAYS = {
  'dumpTcp().toArray()': {
    world: tcp,
    ask: async ({ signal }) => all(await dumpTcp({ ...TCP, signal }).toArray()),
  },
  'dumpTcp(), synchronously': { world: tcp, ask: () => all([...dumpTcp(TCP)]) },
  'dumpTcp() with a filter': {
    world: tcp,
    ask: async ({ port }) => all(await dumpTcp({ ...TCP, filter: `sport = ${port}` }).toArray()),
  },
  'dumpTcp() with BPF storages': {
    world: tcp,
    ask: async () => all(await dumpTcp({ ...TCP, show: ['skBpfStorages'] }).toArray()),
  },
  'dumpTcp() with owners': {
    world: another,
    ask: async ({ signal }) => {
      const records = await dumpTcp({ ...TCP, owners: true, signal }).toArray();
      return records.map((record) => [known(record), record.owners]).sort();
    },
    told: (answer) => answer.every(([, owners]) => owners === undefined),
  },
  'dumpUnix(), one by one': {
    world: unix,
    ask: ({ signal }) => gather(dumpUnix({ signal }), (one) => [known(one)]),
  },
  'dumpUnix().batches()': { world: unix, ask: ({ signal }) => gather(dumpUnix({ signal }).batches(), all) },
  'dumpUnix(), synchronously': { world: unix, ask: () => all([...dumpUnix()]) },
  'dumpUnix().raw()': {
    world: unix,
    ask: async () => (await gather(dumpUnix().raw(), (one) => [one.length])).reduce((a, b) => a + b),
  },
  'dumpTcp() of a namespace': {
    world: another,
    ask: async ({ pid, signal }) => all(await dumpTcp({ netns: pid, signal }).toArray()),
  },
  'dumpTcp() of a namespace, synchronously': {
    world: another,
    ask: ({ pid }) => all([...dumpTcp({ netns: pid })]),
  },
  'dumpTcp() of several namespaces': {
    world: another,
    ask: async ({ found, signal }) => all(await dumpTcp({ netns: found, signal }).toArray()),
  },
  'dumpTcp() of several, synchronously': {
    world: another,
    ask: ({ found }) => all([...dumpTcp({ netns: found })]),
  },
  'lookupTcp()': { world: tcp, ask: async ({ port }) => all([await lookupTcp({ ...AT, sport: port })]) },
  'lookupTcpSync()': { world: tcp, ask: ({ port }) => all([lookupTcpSync({ ...AT, sport: port })]) },
  'lookupTcp() in a namespace': {
    world: another,
    ask: async ({ pid }) => all([await lookupTcp({ ...AT, sport: 7001 }, { netns: pid })]),
  },
  'lookupTcp() in one that was found': {
    world: another,
    ask: async ({ pid, found }) => {
      const netns = found.find((one) => one.pid === pid);
      return all([await lookupTcp({ ...AT, sport: 7001 }, { netns })]);
    },
  },
  'owners()': { world: another, ask: async ({ signal }) => counted(await owners({ signal })), told: isLess },
  'ownersSync() of a process': {
    world: another,
    ask: () => counted(ownersSync({ pids: [process.pid] })),
    told: isLess,
  },
  'namespaces()': {
    world: another,
    ask: async ({ signal }) => {
      const { found, denied } = await sockdiag.namespaces({ signal });
      return { found: found.filter(({ pid }) => pid !== undefined).map(({ ino }) => ino), denied };
    },
    told: isLess,
  },
  'watchDestroyed()': {
    world: tcp,
    ask: ({ signal }) => watchDestroyed({ filter: 'src 127.0.0.1', signal }),
    told: (answer) => answer === 'lost',
  },
  'watchDestroyed() of a namespace': {
    world: another,
    ask: async ({ pid }) => (await sockdiag.watchDestroyed({ netns: pid }).return()).done,
  },
  'watch()': { world: tcp, ask: ({ signal }) => watch(signal) },
  'destroy()': { world: deadly, ask: destroy },
  'destroyMatching()': { world: deadly, ask: destroyMatching },
  'probe()': {
    world: tcp,
    ask: probe,
    told: (answer) => answer.every(([supported, reason]) => supported || reason !== undefined),
  },
  'proc: dumpTcp().toArray()': {
    world: tcp,
    ask: async ({ signal }) => all(await proc.dumpTcp({ states: TCP.states, signal }).toArray()),
  },
  'proc: dumpUnix(), one by one': {
    world: unix,
    ask: ({ signal }) => gather(proc.dumpUnix({ signal }), (one) => [known(one)]),
  },
  'proc: dumpUnix(), synchronously': { world: unix, ask: () => all([...proc.dumpUnix()]) },
  'proc: dumpTcp() of a namespace': {
    world: another,
    ask: async ({ pid }) => all(await proc.dumpTcp({ netns: `/proc/${pid}/ns/net` }).toArray()),
  },
};
