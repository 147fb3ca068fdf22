/** -K: ends the sockets that would be printed, and prints those that it has ended. */
import type { DiagMsg } from '../decode.js';
import { destroy } from '../destroy/destroy.js';
import { SockDiagError } from '../netlink/errors.js';
import type { Batches } from './output.js';

/** It went by itself, or is of a kind or in a state that the kernel does not end: like `ss`, these are passed over. */
const PASSED_OVER: readonly string[] = ['ENOENT', 'EOPNOTSUPP'];

/** @throws SockDiagError, as for a lack of privilege. Those that were ended before are given out. */
export async function* ended(batches: Batches): AsyncGenerator<DiagMsg[]> {
  for await (const records of batches) {
    const gone: DiagMsg[] = [];
    try {
      for (const record of records) if (await isEnded(record)) gone.push(record);
    } finally {
      if (gone.length > 0) yield gone;
    }
  }
}

async function isEnded(record: DiagMsg): Promise<boolean> {
  try {
    await destroy(record);
    return true;
  } catch (error) {
    if (error instanceof SockDiagError && PASSED_OVER.includes(error.code)) return false;
    throw error;
  }
}
