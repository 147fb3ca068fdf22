/** What a test needs of its machine. A test that cannot run says why. */
import { spawnSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { getuid } from 'node:process';

import { dumpRaw } from '../lib/index.js';
import { missing } from './world/world.js';

const told = new Set<string>();

/**
 * Always true, with the reason printed once. Where the machine is known to have everything, SOCKDIAG_STRICT=1 makes
 * it an error: a test that does not run must not look like one that passed.
 */
export function skip(reason: string): true {
  if (process.env['SOCKDIAG_STRICT'] === '1') throw new Error(`nothing may be skipped here, but ${reason}`);
  if (!told.has(reason)) console.warn(`skipped: ${reason}`);
  told.add(reason);
  return true;
}

/** True, with the reason printed, where one of the programs is absent. */
export function lackOf(...programs: string[]): boolean {
  const absent = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  return absent.length > 0 && skip(`there is no ${absent.join(', no ')} here`);
}

/** True, with the reason printed, under a sanitizer: see test/sanitizers. */
export function isSanitized(reason: string): boolean {
  return process.env['SOCKDIAG_SANITIZER'] !== undefined && skip(reason);
}

/** True, with the reason printed, where the varied world cannot be made. */
export function lackOfWorld(): boolean {
  const reason = missing();
  return reason !== undefined && skip(reason);
}

/** True, with the reason printed, where the kernel cannot run a program for each descriptor, or must not for this process. */
export function lackOfIterator(): boolean {
  if (getuid?.() !== 0) return skip('to load programs into the kernel needs root');
  if (!existsSync('/sys/kernel/btf/vmlinux')) return skip('this kernel does not describe its types');
  return (
    readlinkSync('/proc/self/ns/pid') !== 'pid:[4026531836]' && skip('this is a pid namespace of its own')
  );
}

/** True, with the reason printed, where raw sockets are dumped and not refused. */
export async function hasRawHandler(): Promise<boolean> {
  try {
    await dumpRaw().toArray();
  } catch (error) {
    if ((error as { unsupported?: string }).unsupported === 'protocol') return false;
  }
  return skip('this kernel has a handler for raw sockets');
}

/** Words of strace: where the program behind them runs, no netlink socket can be had, as on systems without sock_diag. */
export const WITHOUT_SOCK_DIAG: readonly string[] = [
  ...['-f', '-o', '/dev/null', '-e', 'trace=socket'],
  ...['-e', 'inject=socket:error=EPROTONOSUPPORT'],
];
