/** Names of unix sockets: bytes, that are a path or an abstract name, and seldom anything but text. */

/** Bytes of a name without the NUL that the kernel puts behind a path; an abstract name begins with one of its own. */
export function nameLength(bytes: Uint8Array, at: number, length: number): number {
  const isPath = length > 0 && bytes[at] !== 0;
  return isPath && bytes[at + length - 1] === 0 ? length - 1 : length;
}

/**
 * As `ss` prints it: an abstract name with `@` for each NUL. What is not UTF-8 becomes U+FFFD, so that only the
 * bytes tell such names apart; likewise a path that starts with `@` from an abstract name.
 */
export function nameText(name: Uint8Array): string {
  const bytes = Buffer.from(name.buffer, name.byteOffset, name.byteLength);
  const text = bytes.toString();
  return name[0] === 0 ? text.replaceAll('\0', '@') : text;
}
