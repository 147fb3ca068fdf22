/** Puts the face on a terminal, and takes it off again: on the terminal's second screen, so that the first stays as it is. */
import process from 'node:process';
import type { ReadStream, WriteStream } from 'node:tty';
import ansiEscapes from 'ansi-escapes';
import chalk from 'chalk';
import { type Instance, render } from 'ink';

import { Face } from './face.js';
import type { Stroke } from './keys.js';
import type { Screen, Size } from './screen.js';
import { Sheet } from './sheet.js';

export interface Listener {
  onStroke: (stroke: Stroke) => void;
  /** The terminal has another size now. */
  onResize: () => void;
  /** It cannot be drawn. */
  onFailure: (error: Error) => void;
}

export class Mount {
  readonly #stdin: ReadStream;
  readonly #listener: Listener;
  readonly #hasColours: boolean;
  readonly #sheet = new Sheet();
  #instance: Instance | undefined;
  #isOpen = false;

  constructor(stdin: ReadStream, hasColours: boolean, listener: Listener) {
    // Ink's chalk has a rule of its own, by which nobody looks at a terminal where CI is set. Whether there are colours is
    // known here already, and bold and inverse are wanted in any case.
    chalk.level = 1;
    this.#stdin = stdin;
    this.#hasColours = hasColours;
    this.#listener = listener;
  }

  get size(): Size {
    // Some terminals do not tell their size.
    const { columns, rows } = process.stdout;
    return { columns: Math.max(columns || 80, 10), rows: Math.max(rows || 24, 6) };
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    process.stdout.write(ansiEscapes.enterAlternativeScreen + ansiEscapes.cursorHide);
    this.#sheet.clear();
    process.stdout.on('resize', this.#resized);
    // Whatever ends this process: the terminal is somebody's.
    process.on('uncaughtExceptionMonitor', this.#leave);
    process.on('exit', this.#leave);
  }

  draw(screen: Screen): void {
    if (!this.#isOpen) return;
    this.#sheet.columns = this.size.columns;
    const face = (
      <Face
        screen={screen}
        hasColours={this.#hasColours}
        onStroke={(stroke) => this.#listener.onStroke(stroke)}
      />
    );
    if (this.#instance === undefined) this.#instance = this.#mount(face);
    else this.#instance.rerender(face);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#instance?.unmount();
    this.#instance = undefined;
    process.stdout.off('resize', this.#resized);
    process.off('uncaughtExceptionMonitor', this.#leave);
    process.off('exit', this.#leave);
    this.#leave();
  }

  #mount(face: Parameters<typeof render>[0]): Instance {
    const instance = render(face, {
      stdout: this.#sheet as unknown as WriteStream,
      stdin: this.#stdin,
      // It would move about in the terminal by itself otherwise, and wipe out what that remembers of before.
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
    instance.waitUntilExit().catch((error: unknown) => this.#listener.onFailure(error as Error));
    return instance;
  }

  /** Terminals break lines differently then: what is there is no ground to build on. */
  readonly #resized = (): void => {
    this.#sheet.clear();
    this.#listener.onResize();
  };

  readonly #leave = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      process.stdout.write(ansiEscapes.exitAlternativeScreen + ansiEscapes.cursorShow);
    } catch {
      // Nobody is there to see it.
    }
  };
}
