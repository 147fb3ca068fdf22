// Watches and stops, in the way that the argument names. What is left behind would keep this process for a month. Prints
// one line of JSON. Run with --expose-gc.
import process from 'node:process';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';

import { dumpUnix, watch } from '../../dist/index.js';

const MONTH = 0x7fff_ffff;
const SOCKETS = 20_000;
const REPLACED = 5_000;
const READINGS = 60;

const start = (options) => watch(dumpUnix(), { interval: MONTH, existing: true, ...options });

/** Gives the socket that a reading has in its place; a part of the sockets is new in each. */
function socketAt(place, reading) {
  const cookie = place < REPLACED ? `${reading}00000${place}` : `f${place}`;
  const info = { bytesReceived: reading, segsIn: reading, rtt: place };
  return { family: 'inet', protocol: 'tcp', state: 'ESTABLISHED', src: '::', sport: place, cookie, info };
}

/** Sockets of which all are changed, or new, at each reading. */
function many() {
  let reading = 0;
  return {
    async *batches() {
      reading++;
      for (let place = 0; place < SOCKETS; place += 1000) {
        yield Array.from({ length: 1000 }, (_, i) => socketAt(place + i, reading));
        await turn();
      }
    },
  };
}

async function heap() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

const parts = {
  async left() {
    for await (const change of start()) if (change.type === 'opened') break;
  },
  async disposed() {
    const changes = start({ existing: false });
    const next = changes.next();
    await wait(50);
    await changes[Symbol.asyncDispose]();
    await next;
  },
  async returned() {
    const changes = start();
    await changes.next();
    await changes.return();
  },
  async aborted() {
    const controller = new AbortController();
    const next = start({ existing: false, signal: controller.signal }).next();
    await wait(50);
    controller.abort(new Error('enough'));
    return next.then(
      () => 'answered',
      ({ message }) => (message === 'enough' ? 'aborted' : message),
    );
  },
  async abandoned() {
    await start().next();
  },
  async failed() {
    return watch(dumpUnix({ netns: 'sockdiag-no-such-namespace' }), { interval: MONTH })
      .next()
      .then(
        () => 'answered',
        ({ code }) => (code === 'ENOENT' ? 'failed' : code),
      );
  },
  async waiting() {
    let reading = 0;
    const dump = {
      async *batches() {
        if (reading++ > 3) yield [socketAt(1, 1)];
      },
    };
    return (await watch(dump, { interval: 20 }).next()).value.type;
  },
  async memory() {
    const changes = watch(many(), { interval: 1, existing: true });
    let count = 0;
    const take = async (most) => {
      for (; count < most; count++) await changes.next();
    };
    // What is new, each time; those that are changed from the second on; those that are gone, one reading later.
    await take(SOCKETS);
    const one = await heap();
    await take(READINGS * SOCKETS + (READINGS - 2) * REPLACED);
    const result = { one, many: await heap(), changes: count };
    await changes.return();
    return result;
  },
};

const part = process.argv[2];
console.log(JSON.stringify((await parts[part]()) ?? part));
