/** What is being done, on a line of the terminal that is written over and goes away. */
import process from 'node:process';

const CLEAR_LINE = '\r\u001b[K';

/**
 * @param {string} subject
 * @returns {(text: string) => void} says what is being done with it; nothing clears the line
 */
export function progress(subject) {
  return (text) => {
    if (process.stderr.isTTY)
      process.stderr.write(text === '' ? CLEAR_LINE : `${CLEAR_LINE}${subject}: ${text}`);
  };
}
