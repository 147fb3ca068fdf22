// Has each system call that a way makes fail, the first, the second, the n-th, and prints what came of each as a line of
// JSON: the whole answer, another one, or an error; and what was left open.
import assert from 'node:assert';
import { constants } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

// The socket that lookups keep is given back when the program says so, and not a second later.
const intervals = [];
globalThis.setInterval = (act) => {
  intervals.push(act);
  return { unref: () => ({}) };
};

const { arm, disarm } = await import('./control.mjs');
const { WAYS } = await import('./ways.mjs');
const { leftBeyond, opened } = await import('./left.mjs');

const { EINTR } = constants.errno;
/** What takes so long hangs. Milliseconds. */
const LIMIT = 30_000;
const print = (line) => console.log(JSON.stringify(line));
const isEqual = (a, b) => {
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
};

function idle() {
  // The first call sees that it was used.
  for (const act of intervals.splice(0)) for (let i = 0; i < 2; i++) act();
}

const describe = ({ name, code, errno, syscall, unsupported, message }) => ({
  error: { name, code, errno, syscall, unsupported, message },
});

/** Does it once, with what is armed; an answer or an error. */
async function attempt({ ask, world }, before, ...armed) {
  const prepared = await world.prepare?.();
  idle();
  if (armed.length > 0) arm(...armed);
  const limit = AbortSignal.timeout(LIMIT);
  const late = new Promise((_, reject) => limit.addEventListener('abort', () => reject(new Error('hangs'))));
  const result = await Promise.race([(async () => ask({ ...world, ...prepared }))(), late]).then(
    (answer) => ({ answer }),
    describe,
  );
  const count = disarm();
  prepared?.end();
  return { ...result, count, left: await leftBeyond(before, idle) };
}

/** All of few, and of many the first, the last, and some between. */
function some(count) {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (count <= 16) return all;
  return all.filter((at) => at <= 8 || at > count - 4 || at % Math.ceil(count / 5) === 0);
}

function* faults(count, errnos) {
  if (count === 0) return;
  for (const at of some(count)) yield { at, errno: errnos[0] };
  for (const errno of errnos.slice(1)) {
    for (const at of new Set([1, count])) yield { at, errno };
    // What is interrupted is tried again, for ever if need be.
    if (errno !== EINTR) yield { at: 1, errno, lasting: true };
  }
}

const [name, calls] = [process.argv[2], JSON.parse(process.argv[3])];
const { ask, told, world } = WAYS[name];
const way = { ask, world: await world() };
// What is loaded, and started, once.
for (let i = 0; i < 3; i++) await attempt(way, opened());
await sleep(20);
idle();
const before = opened();
const { answer: whole, error } = await attempt(way, before);
if (error !== undefined) {
  print({ lacks: error.message });
  process.exit(0);
}
const outcomeOf = (answer, error) => {
  if (error !== undefined) return 'error';
  if (isEqual(answer, whole)) return 'whole';
  return told?.(answer) ? 'told' : 'wrong';
};

for (const [call, errnos] of Object.entries(calls)) {
  const { count } = await attempt(way, before, call);
  print({ call, count });
  for (const fault of faults(count, errnos)) {
    print({ call, ...fault, begins: true });
    const { answer, error, left } = await attempt(way, before, call, 'fail', fault);
    const outcome = outcomeOf(answer, error);
    print({ call, ...fault, outcome, error, left, ...(outcome === 'wrong' && { answer, whole }) });
  }
}
process.exit(0);
