/** The live view: reads, draws, and does what the keys say, until it is over. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadStream } from 'node:tty';

import { mayLoad, type Values } from '../options.js';
import { planOf } from '../plan.js';
import type { Manner } from './cells.js';
import { readDetail } from './detail.js';
import { actionOf, type Stroke, strokesOf } from './keys.js';
import { Mount } from './mount.js';
import type { News } from './news.js';
import { Owners } from './owners.js';
import { type Place, type Question, Sampler, totalsOf } from './sampler.js';
import { makeScreen, type Screen } from './screen.js';
import { type Action, reduce, type State } from './state.js';
import { View } from './view.js';

/** Of all sockets together, so many rates are shown. */
const TREND = 20; // untested: the bundler puts it where it is used

/** The longest that a timer waits. */
const FOREVER = 2 ** 31 - 1;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface LiveOptions {
  values: Values;
  manner: Manner;
  hasColours: boolean;
  stdin: ReadStream;
}

export class Live {
  readonly #values: Values;
  readonly #manner: Manner;
  readonly #mount: Mount;
  readonly #stdin: ReadStream;
  readonly #sampler = new Sampler();
  readonly #owners: Owners;
  readonly #stock: { sockets: Sampler['sockets']; owners: Owners; places: readonly Place[] };
  readonly #view: View;
  #state: State;
  #question: Question;
  #news: News = {
    totals: undefined,
    time: 0,
    sent: [],
    received: [],
    complaint: undefined,
    detail: undefined,
    isDetailGone: false,
  };
  #screen: Screen | undefined;
  /** What is asked for is another thing than what was read last. */
  #isStale = true;
  /** Ends what is being read, and what is waited for. */
  #reading = new AbortController();
  #waiting = new AbortController();
  #ending: NodeJS.Signals | Error | undefined;
  #isDrawing = false;

  constructor(state: State, { values, manner, hasColours, stdin }: LiveOptions) {
    this.#state = state;
    this.#values = values;
    this.#owners = new Owners(mayLoad(values));
    this.#manner = manner;
    this.#stdin = stdin;
    this.#stock = { sockets: this.#sampler.sockets, owners: this.#owners, places: [] };
    this.#view = new View(this.#stock);
    this.#question = this.#questionOf(state);
    this.#mount = new Mount(stdin, hasColours, {
      onStroke: (stroke) => this.#strike(stroke),
      onResize: () => this.#draw(),
      onFailure: (error) => this.#end(error),
    });
  }

  /** Until the user has enough. @throws Error of the view itself, not of what it could not read. */
  async run(): Promise<void> {
    const end = (signal: NodeJS.Signals): void => this.#end(signal);
    for (const signal of SIGNALS) process.on(signal, end);
    process.on('SIGCONT', this.#resume);
    const hangUp = (): void => this.#end(undefined);
    this.#stdin.on('end', hangUp);
    try {
      this.#mount.open();
      this.#draw();
      await this.#refreshUntilOver();
    } finally {
      this.#owners.stop();
      this.#mount.close();
      this.#stdin.off('end', hangUp);
      process.off('SIGCONT', this.#resume);
      for (const signal of SIGNALS) process.off(signal, end);
    }
    if (typeof this.#ending === 'string') process.kill(process.pid, this.#ending);
    else if (this.#ending !== undefined) throw this.#ending;
  }

  async #refreshUntilOver(): Promise<void> {
    while (!this.#state.isOver) {
      const start = performance.now();
      this.#waiting = new AbortController();
      if (this.#isStale || !this.#state.isPaused) await this.#refresh();
      if (this.#state.isOver || this.#isStale) continue;
      const taken = performance.now() - start;
      // On a machine that cannot keep up, it takes a fifth of the time for others at least.
      const left = this.#state.isPaused ? FOREVER : Math.max(this.#state.interval * 1000 - taken, taken / 4);
      await sleep(left, undefined, { signal: this.#waiting.signal }).catch(() => undefined);
    }
  }

  /** Reads all once. What goes wrong is told on the screen, where the rest stays as it is. */
  async #refresh(): Promise<void> {
    this.#isStale = false;
    this.#reading = new AbortController();
    try {
      const sample = await this.#sampler.sample(this.#question, this.#reading.signal);
      if (sample === undefined) return;
      const { places, time, complaints } = sample;
      this.#stock.places = places;
      this.#news = { ...this.#news, time, complaint: complaints[0] };
      this.#count();
      const { totals, sent, received } = this.#news;
      this.#news = {
        ...this.#news,
        sent: [...sent, totals?.tx ?? Number.NaN].slice(-TREND),
        received: [...received, totals?.rx ?? Number.NaN].slice(-TREND),
      };
    } catch (error) {
      this.#complain(error);
    }
    await this.#readDetail();
    this.#draw();
    void this.#refreshOwners();
  }

  #count(): void {
    this.#view.regroup(this.#state.grouping);
    const totals = totalsOf(this.#stock.sockets, this.#view.members(this.#state));
    this.#news = { ...this.#news, totals };
  }

  async #refreshOwners(): Promise<void> {
    try {
      if (!(await this.#owners.refresh()) || this.#state.isOver) return;
      if (this.#state.grouping === 'process') this.#view.regroup('process');
      this.#draw();
    } catch (error) {
      // untested: without /proc there are no tests
      this.#complain(error);
    }
  }

  async #readDetail(): Promise<void> {
    const { detail } = this.#state;
    if (detail === undefined) return;
    const row = this.#stock.sockets.find(detail);
    try {
      const record =
        row === undefined
          ? undefined
          : await readDetail(this.#stock.sockets, row, this.#question, this.#stock.places);
      if (detail !== this.#state.detail) return;
      this.#news = {
        ...this.#news,
        isDetailGone: record === undefined,
        detail: record ?? this.#news.detail,
      };
    } catch (error) {
      // untested: of a namespace that is gone at that moment
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    if (!(error instanceof Error)) throw error;
    this.#news = { ...this.#news, complaint: error.message.split('\n')[0] };
  }

  #strike(stroke: Stroke): void {
    if (stroke.key.ctrl && stroke.input === 'z') {
      this.#suspend();
      return;
    }
    for (const each of strokesOf(stroke)) {
      const action = actionOf(each, this.#state);
      if (action !== undefined) this.#act(action);
    }
  }

  #act(action: Action): void {
    if (this.#screen === undefined) return;
    const before = this.#state;
    this.#state = reduce(before, action, this.#screen.surroundings);
    this.#follow(before);
    // What comes next may depend on what is chosen now.
    if (action.type !== 'insert') this.#make();
    this.#draw();
  }

  /** Does what a change of the state asks for. */
  #follow(before: State): void {
    const state = this.#state;
    if (state.isOver) this.#end(undefined);
    if (state.detail !== before.detail) {
      this.#news = { ...this.#news, detail: undefined, isDetailGone: false };
      void this.#readDetail().then(() => this.#draw());
    }
    const isOther = state.filter !== before.filter || state.states !== before.states;
    if (isOther || isEverywhere(state) !== isEverywhere(before)) {
      this.#question = this.#questionOf(state);
      this.#isStale = true;
      this.#reading.abort();
    } else if (state.grouping !== before.grouping || state.within !== before.within) {
      if (state.within !== before.within) this.#news = { ...this.#news, sent: [], received: [] };
      this.#count();
    }
    if (isOther)
      this.#news = { ...this.#news, totals: undefined, sent: [], received: [], complaint: undefined };
    if (this.#isStale || state.isPaused !== before.isPaused || state.interval !== before.interval) {
      this.#waiting.abort();
    }
  }

  #questionOf(state: State): Question {
    const { states, filter } = state;
    const values = { ...this.#values, all: states === 'all', listening: states === 'listening' };
    return { values, plan: planOf({ values, filter }), everywhere: isEverywhere(state) };
  }

  #make(): Screen {
    const make = (): Screen =>
      makeScreen(this.#view, this.#stock, this.#state, this.#news, this.#manner, this.#mount.size);
    let screen = make();
    // There may be fewer rows now, or less room.
    const state = reduce(this.#state, { type: 'counted' }, screen.surroundings);
    if (state.cursor !== this.#state.cursor || state.first !== this.#state.first) {
      this.#state = state;
      screen = make();
    }
    this.#screen = screen;
    return screen;
  }

  /** Once for all that happens together. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    setImmediate(() => {
      this.#isDrawing = false;
      if (!this.#state.isOver) this.#mount.draw(this.#make());
    });
  }

  #end(why: NodeJS.Signals | Error | undefined): void {
    this.#ending ??= why;
    this.#state = { ...this.#state, isOver: true };
    this.#reading.abort();
    this.#waiting.abort();
  }

  /** As Ctrl-Z does, which is a key like others here. */
  #suspend(): void {
    this.#mount.close();
    process.kill(0, 'SIGTSTP');
  }

  readonly #resume = (): void => {
    // untested: what the tests have stopped is killed, and tells of no line
    this.#mount.close();
    this.#mount.open();
    this.#draw();
  };
}

function isEverywhere({ grouping, within }: State): boolean {
  return grouping === 'netns' || within?.grouping === 'netns';
}
