/** A terminal with a program in it, whose keys a test strikes and whose screen it reads: a window of tmux's. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a screen may take to become what is waited for. Milliseconds. */
const PATIENCE = 20_000;
const PAUSE = 100;
/** How long its program may take to end. */
const LAST_PATIENCE = 2000;

export interface Size {
  columns: number;
  rows: number;
}

let opened = 0;

export class Terminal {
  readonly #server: string;

  private constructor(server: string) {
    this.#server = server;
  }

  /** Runs a command of the shell, and stays open when that has ended, with its status on the screen. */
  static open(command: string, { columns, rows }: Size): Terminal {
    const terminal = new Terminal(`sockdiag-test-${process.pid}-${opened++}`);
    const shell = `${command}; echo "status $?"; exec sleep 600`;
    terminal.#tmux(
      ...['-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), shell],
    );
    return terminal;
  }

  /** What is on the screen, without the blanks at the ends of its lines. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** The same with its escape codes, of colours and the like. */
  get picture(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** What tmux knows of the window: `alternate_on`, `cursor_flag`. */
  tell(what: string): string {
    return this.#tmux('display-message', '-p', `#{${what}}`).trim();
  }

  /** By tmux's names of keys. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  resize({ columns, rows }: Size): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Waits until the screen is as it should be, and gives it. */
  async until(isSo: RegExp | ((screen: string) => boolean)): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const { screen } = this;
      if (isSo instanceof RegExp ? isSo.test(screen) : isSo(screen)) return screen;
      if (Date.now() > end) throw new Error(`the screen does not become ${isSo}, but is\n${screen}`);
      await sleep(PAUSE);
    }
  }

  /** The process that the shell runs now. */
  get child(): number {
    const shell = this.tell('pane_pid');
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0]);
  }

  /** What does not end by its keys is killed, and then tells nothing of the lines that it has run. */
  async close(): Promise<void> {
    const end = Date.now() + LAST_PATIENCE;
    const hasEnded = (): boolean => /^status \d+$/m.test(this.screen);
    if (!hasEnded()) this.press('C-c', 'C-c');
    while (!hasEnded() && Date.now() < end) await sleep(PAUSE);
    spawnSync('tmux', ['-L', this.#server, 'kill-server']);
  }

  #tmux(...words: string[]): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-u', '-L', this.#server, ...words], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`);
    return stdout;
  }
}
