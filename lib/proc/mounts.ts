/** How /proc writes of mounts. */

/** A path as the tables of mounts have it: blanks and the like stand there as octal numbers. */
export function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
