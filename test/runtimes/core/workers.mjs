/** Threads and processes of the runtime's, in which dumps are made. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { dumpTcp, dumpUnix, SockDiagError } from 'sockdiag';

import { check, notHere } from './checks.mjs';
import { assertNoMore, command, openSockets } from './runtime.mjs';
import { BUSY, WAYS } from './worker.mjs';

const TIMES = 5;

/** @param {string} name */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {string | undefined} unshare the path of unshare(1) */
export async function checkWorkers(unshare) {
  const stops = await stopsBusyWorkers();
  for (const way of WAYS) {
    const checkStop = () => {
      if (!stops && BUSY.includes(way)) notHere('terminate() does not end a worker that waits for nothing');
    };
    await check(`a worker that is terminated in the midst of dumps, by ${way}, leaves nothing open`, () => {
      checkStop();
      return terminate(way);
    });
    await check(
      `a process in which workers alone have made dumps, by ${way}, lives on when they are terminated`,
      () => {
        checkStop();
        return endsWith(beside('alone.mjs'), [way]);
      },
    );
  }
  await check('a process that does not wait for its dumps ends by itself', () =>
    endsWith(beside('ending.mjs')),
  );
  await check('another network namespace', () => checkNamespace(unshare));
}

/** Whether the runtime ends one that only counts. */
async function stopsBusyWorkers() {
  const turns = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(beside('worker.mjs'), { workerData: { turns } });
  await once(worker, 'message');
  await worker.terminate();
  await sleep(500);
  const before = Atomics.load(turns, 0);
  await sleep(500);
  const stops = Atomics.load(turns, 0) === before;
  Atomics.store(turns, 1, 1);
  return stops;
}

/** @param {string} way */
async function terminate(way) {
  const before = openSockets();
  for (let time = 0; time < TIMES; time++) {
    const worker = new Worker(beside('worker.mjs'), { workerData: { way } });
    await once(worker, 'message');
    await sleep(time * 3);
    await worker.terminate();
  }
  await assertNoMore(before);
  assert.ok((await dumpTcp().toArray()).length > 0);
}

/**
 * A process of its own, which prints one line.
 *
 * @param {string} program
 * @param {readonly string[]} [words]
 */
async function endsWith(program, words = []) {
  const child = spawn(...command(program, words), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [status, signal] = await once(child, 'close');
  assert.deepEqual([status, signal, output], [0, null, 'last line\n']);
}

/** @param {string | undefined} unshare */
async function checkNamespace(unshare) {
  if (unshare === undefined) notHere('unshare(1) was not named');
  const [file, words] = command(beside('listening.mjs'));
  const child = spawn(unshare, ['--net', file, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [said] = await once(child.stdout, 'data');
    const path = `${said}`.trim();
    const netns = child.pid ?? 0;
    try {
      for (const all of [await dumpUnix({ netns }).toArray(), [...dumpUnix({ netns })]]) {
        // The runtime may have sockets of its own there.
        const named = all.filter(({ name }) => name !== undefined);
        assert.deepEqual(
          named.map(({ name, state }) => `${name} ${state}`),
          [`${path} LISTEN`],
        );
      }
    } catch (error) {
      if (error instanceof SockDiagError && error.code === 'EPERM') notHere(error.message);
      throw error;
    }
    assert.ok((await dumpUnix().toArray()).every(({ name }) => name !== path));
  } finally {
    child.kill();
  }
}
