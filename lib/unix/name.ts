/** Names of unix sockets: bytes, that are a path or an abstract name, and seldom anything but text. */

/** A name without the NUL that the kernel puts behind a path; an abstract name starts with a NUL of its own. */
export function nameBytes(attribute: Uint8Array): Uint8Array {
  const isPath = attribute.length > 0 && attribute[0] !== 0;
  return isPath && attribute.at(-1) === 0 ? attribute.subarray(0, -1) : attribute;
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
