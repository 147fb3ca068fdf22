/** /proc/net read and parsed into records of the same shape. */
import { readFileSync } from 'node:fs';
import { parseTcp } from './proc-tcp.mjs';
import { parseUnix } from './proc-unix.mjs';
import { touchAll, toucher } from './subject.mjs';

const LITTLE = 4096;

/** @param {string} name */
const read = (name) => readFileSync(`/proc/net/${name}`, 'latin1');

const READERS = {
  tcp: () => parseTcp(read('tcp'), 'inet').concat(parseTcp(read('tcp6'), 'inet6')),
  unix: () => parseUnix(read('unix')),
};

/** The same code over a text that is always short. */
const TINY = {
  tcp: () => parseTcp(read('udp').slice(0, LITTLE), 'inet'),
  unix: () => parseUnix(''),
};

/**
 * @param {'tcp' | 'unix'} kind
 * @returns {import('./subject.mjs').Subject}
 */
export function create(kind) {
  const touch = toucher(kind);
  return { run: () => touchAll(READERS[kind](), touch), tiny: TINY[kind], records: READERS[kind] };
}
