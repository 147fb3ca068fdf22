/** What is read from files that are named on the command line. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';

/** Instead of a name. */
const STDIN = '-';

/** @throws Error of the system */
export function contentOf(path: string): Promise<Buffer> {
  return path === STDIN ? buffer(process.stdin) : readFile(path);
}
