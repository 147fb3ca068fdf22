/** What Ink draws on. It hands over whole pictures, and the terminal gets those lines of them that are other than before. */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import ansiEscapes from 'ansi-escapes';

/** The part of a terminal's stream that Ink uses when it is told to put each picture behind the last one. */
export class Sheet extends EventEmitter {
  /** So wide Ink makes them. */
  columns = 80;
  readonly isTTY: boolean = false;
  #lines: readonly string[] = [];

  write(picture: string): boolean {
    const lines = picture.split('\n');
    const changed = lines.flatMap((line, y) =>
      line === this.#lines[y] ? [] : [ansiEscapes.cursorTo(0, y), line, ansiEscapes.eraseEndLine],
    );
    const rest =
      lines.length < this.#lines.length ? [ansiEscapes.cursorTo(0, lines.length), ansiEscapes.eraseDown] : [];
    this.#lines = lines;
    if (changed.length + rest.length === 0) return true;
    return process.stdout.write(ansiEscapes.synchronizedOutput([...changed, ...rest].join('')));
  }

  /** The terminal shows nothing any more. */
  clear(): void {
    this.#lines = [];
    process.stdout.write(ansiEscapes.clearViewport);
  }
}
