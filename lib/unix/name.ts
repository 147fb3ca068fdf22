/** Names of unix sockets: bytes, that are a path or an abstract name, and seldom anything but text. */
import type { BatchMemory } from '../netlink/batch.js';

export interface UnixName {
  /**
   * As `ss` prints it: an abstract name with `@` for each NUL. What is not UTF-8 becomes U+FFFD, so that only the
   * bytes tell such names apart; likewise a path that starts with `@` from an abstract name.
   */
  text: string;
  /** A path without the NUL that the kernel puts behind it; an abstract name begins with one of its own. */
  bytes: Uint8Array;
}

/** The name in the `size` bytes at `at`. */
export function readName(memory: BatchMemory, at: number, size: number): UnixName {
  const isAbstract = size > 0 && memory.u8(at) === 0;
  const isTerminated = size > 0 && !isAbstract && memory.u8(at + size - 1) === 0;
  const length = isTerminated ? size - 1 : size;
  const text = memory.text(at, length);
  return { text: isAbstract ? text.replaceAll('\0', '@') : text, bytes: memory.copy(at, length) };
}
