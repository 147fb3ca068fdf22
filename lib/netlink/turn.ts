/** Turns of the event loop, for those who ask again and again. */

/** So many questions are answered on this thread before others get their turn: a promise that is kept at once gives none. */
const AT_ONCE = 64;

let asked = 0;

/** To be called, and where it gives one, to be waited for, before a question. */
export function giveTurn(): Promise<void> | undefined {
  if (++asked < AT_ONCE) return undefined;
  asked = 0;
  return new Promise((resolve) => setImmediate(resolve));
}
