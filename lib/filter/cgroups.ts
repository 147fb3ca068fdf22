/** Control groups by path or id. */
import { posix } from 'node:path';

import { type Operand, quote, readNumber, readString, toNumber } from './operand.js';

/** Where the hierarchy is mounted: alone, or beside those of v1. `ss` wants paths that begin with it. */
const MOUNTS = /^\/sys\/fs\/cgroup(?:\/unified)?(?=\/|$)/;

/** Digits are an id. */
export function readCgroup(operand: Operand): string | number {
  if (toNumber(operand.text) !== undefined) {
    return readNumber(operand, Number.MAX_SAFE_INTEGER, 'the id of a cgroup');
  }
  return cgroupPath(readString(operand)) ?? operand.fail('a cgroup: a path that begins with / or an id');
}

/** The path from the root of the hierarchy on, in the one form that it has; undefined for what is no such path. */
export function cgroupPath(text: string): string | undefined {
  if (!text.startsWith('/') || text.includes('\0')) return undefined;
  const path = posix.normalize(text).replace(MOUNTS, '').replace(/\/$/, '');
  return path === '' ? '/' : path;
}

/** So that it is read as the same again. */
export function formatCgroup(cgroup: string | number): string {
  return typeof cgroup === 'number' ? String(cgroup) : quote(cgroup);
}
