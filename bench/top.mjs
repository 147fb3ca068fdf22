/** What `sockdiag top` takes at a hundred thousand sockets: `npm run bench:top`. README.md tells how it is measured. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanUpAtExit, startGroup, temporaryDirectory } from './lifetime.mjs';
import { populate } from './population.mjs';
import { compilePrograms } from './programs.mjs';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Seconds until the compiler and the heap have settled. */
const WARM_UP = 5;
/** Clock ticks a second, as /proc has them. */
const TICKS = 100;
/** What is promised: less than one processor, and so many megabytes. */
const MOST_CPU = 1;
const MOST_MEMORY = 200;

/** @typedef {{ name: string, keys: string }} Part what is on the screen, and the keys that bring it there */

/** @type {readonly Part[]} */
const PARTS = [
  { name: 'sockets', keys: '' },
  { name: 'one in detail', keys: '\r' },
  { name: 'by process', keys: '\x1b[H2' },
  { name: 'by remote address', keys: '3' },
];

/** A program on a terminal, which script(1) makes for it. */
class OnTerminal {
  #child;
  #clocks = new Set();
  bytes = 0;

  /** @param {readonly string[]} command */
  constructor(command) {
    const shell = `stty rows 50 cols 200; exec ${command.join(' ')}`;
    this.#child = startGroup(['script', '--quiet', '--flush', '--return', '--command', shell, '/dev/null'], {
      TERM: 'xterm-256color',
      LC_ALL: 'C.UTF-8',
    });
    this.#child.stderr.pipe(process.stderr);
    this.#child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      this.bytes += text.length;
      for (const [clock] of text.matchAll(/\d\d:\d\d:\d\d/g)) this.#clocks.add(clock);
    });
  }

  /** The clock is in the heading, and changes with each refresh that is a second after the last one. */
  get refreshes() {
    return this.#clocks.size;
  }

  get pid() {
    const parent = this.#child.pid;
    const [child = ''] = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ');
    return Number(child);
  }

  /** @param {string} keys */
  press(keys) {
    this.#child.stdin.write(keys);
  }

  async end() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.press('\x03');
    await ended;
  }
}

/**
 * Seconds of processor time that a process, with all of its threads, has had.
 *
 * @param {number} pid
 */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Megabytes.
 *
 * @param {number} pid
 * @param {'VmHWM' | 'VmRSS'} name the highest so far, or now
 */
function memory(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6;
}

/**
 * @param {OnTerminal} terminal
 * @param {Part} part
 * @param {number} seconds
 */
async function measure(terminal, { name, keys }, seconds) {
  terminal.press(keys);
  await sleep(WARM_UP * 1000);
  const { pid } = terminal;
  const before = { cpu: processorTime(pid), time: performance.now(), shown: terminal.refreshes };
  await sleep(seconds * 1000);
  const passed = (performance.now() - before.time) / 1000;
  const share = (processorTime(pid) - before.cpu) / passed;
  const [peak, now] = [memory(pid, 'VmHWM'), memory(pid, 'VmRSS')];
  console.log(
    `${name.padEnd(20)} ${share.toFixed(2)} of a processor, ${now.toFixed(0)} MB (peak so far ${peak.toFixed(0)}), ` +
      `${terminal.refreshes - before.shown} refreshes in ${passed.toFixed(0)} s`,
  );
  return { share, peak };
}

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '35' },
      check: { type: 'boolean', default: false },
    },
  });
  if (process.getuid?.() !== 0) throw new Error('needs root: it makes a network namespace');
  cleanUpAtExit();
  const directory = temporaryDirectory();
  const population = await populate(
    compilePrograms(directory).populate,
    { kind: 'tcp', count: Number(values.count) },
    directory,
  );
  const terminal = new OnTerminal([...population.inside, process.execPath, COMMAND, 'top', '-ta']);
  const figures = [];
  for (const part of PARTS) figures.push(await measure(terminal, part, Number(values.seconds)));
  await terminal.end();
  await population.end();
  const isKept = figures.every(({ share, peak }) => share < MOST_CPU && peak < MOST_MEMORY);
  console.log(
    `promised: less than ${MOST_CPU} processor and ${MOST_MEMORY} MB: ${isKept ? 'kept' : 'NOT kept'}`,
  );
  if (values.check && !isKept) process.exitCode = 1;
}

await main();
