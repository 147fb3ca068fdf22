/** Network namespaces with a known number of sockets in them. */
import { execFileSync } from 'node:child_process';
import { LineProcess } from './line-process.mjs';

/** @typedef {'tcp' | 'tcp-info' | 'metrics' | 'owners' | 'lookup' | 'unix'} UnfilteredKind sockets, and what is asked of them */
/** @typedef {UnfilteredKind | import('./selections.mjs').FilteredKind} Kind */
/** @typedef {{ kind: Kind, count: number }} PopulationSize */

const START_LIMIT = 60_000;

/** Closing a hundred thousand sockets takes the kernel its time. */
const END_PATIENCE = 20_000;

export class Population {
  #process;
  /** @type {readonly string[]} what runs a command inside */
  inside;
  /** Of its sockets, those that have connected over TCP. */
  clients;

  /**
   * @param {LineProcess} process
   * @param {number} pid
   * @param {number} clients
   */
  constructor(process, pid, clients) {
    this.#process = process;
    this.clients = clients;
    this.inside = ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
  }

  /**
   * @param {string} file
   * @returns {string} what it says to those inside
   */
  read(file) {
    const [program = '', ...args] = [...this.inside, 'cat', file];
    return execFileSync(program, args, { encoding: 'utf8' });
  }

  /** The namespace ends with the last process in it. */
  async end() {
    await this.#process.end(END_PATIENCE);
  }
}

/**
 * @param {string} program
 * @param {PopulationSize} size
 * @param {string} directory for the files that named sockets make and unlink
 */
export async function populate(program, { kind, count }, directory) {
  const sockets = kind === 'unix' ? 'unix' : 'tcp';
  const process = new LineProcess(['unshare', '--net', program, sockets, String(count)], {
    TMPDIR: directory,
  });
  const line = await process.nextLine(START_LIMIT);
  const match = /^ready (\d+) (\d+) (\d+)$/.exec(line);
  if (match === null || Number(match[2]) !== count) throw new Error(`populate answered '${line}'`);
  return new Population(process, Number(match[1]), Number(match[3]));
}
