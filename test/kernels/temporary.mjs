/** Folders that do not outlive what they are for. */
import { mkdtempSync, rmSync } from 'node:fs';
import process from 'node:process';

/**
 * @template Result
 * @param {string} prefix of its path
 * @param {(folder: string) => Promise<Result>} use
 */
export async function withTemporaryFolder(prefix, use) {
  const folder = mkdtempSync(prefix);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** To be called once by a program: lets a signal end it as `process.exit()` does, with all folders removed. */
export function exitOnSignals() {
  const signals = /** @type {const} */ ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 });
  for (const [signal, number] of Object.entries(signals)) {
    process.on(signal, () => process.exit(128 + number));
  }
}
