/** Questions with one answer: how a single socket is looked up, or destroyed. */
import { EXCHANGE, loadBinding, type NativeExchange, type NativeFailure } from '../binding.js';
import { follow, isLost } from '../namespaces/ways.js';
import { BatchMemory } from './batch.js';
import type { NetnsFile } from './netns.js';

/** What the record that answers looks like. Each is one object, always the same. */
export interface AnswerShape {
  /** nlmsg_type of the question and of the record. */
  type: number;
  /** Bytes of the structure that the record starts with. */
  headerLength: number;
  nests?: Uint16Array | undefined;
}

/** Where the answer's row is in the index. */
export const ANSWER_ROW: number = EXCHANGE.index >>> 2;

/** A socket for questions. */
export class Exchange {
  /** The last answer. */
  readonly memory: BatchMemory;
  /** Where the next question is put: what stands behind its netlink header. */
  readonly question: Uint8Array;
  readonly #native: NativeExchange;
  #netns: NetnsFile;
  readonly #expectations = new Map<AnswerShape, number>();

  constructor(netns: NetnsFile) {
    const native = new (loadBinding().Exchange)(netns.path, netns.ino);
    this.#netns = netns;
    this.#native = native;
    this.memory = new BatchMemory(native.buffer);
    this.question = new Uint8Array(native.buffer, EXCHANGE.question);
  }

  /**
   * Asks what the first `length` bytes of `question` ask. `flags` are beside NLM_F_REQUEST, and with NLM_F_ACK the answer
   * is but an acknowledgement.
   */
  ask(shape: AnswerShape, flags: number, length: number): NativeFailure | undefined {
    const expectation = this.#expectationOf(shape);
    const failure = this.#native.ask(expectation, flags, length);
    if (failure === undefined || this.#netns.ino === undefined || !isLost(failure)) return failure;
    return follow(this.#netns, (way) => {
      this.enter(way);
      return this.#native.ask(expectation, flags, length);
    });
  }

  close(): void {
    this.#native.close();
  }

  /** From now on it asks in another namespace. */
  enter(netns: NetnsFile): void {
    this.#netns = netns;
    this.#native.move(netns.path, netns.ino);
  }

  #expectationOf(shape: AnswerShape): number {
    let expectation = this.#expectations.get(shape);
    if (expectation === undefined) {
      expectation = this.#native.expect(shape.type, shape.headerLength, shape.nests);
      this.#expectations.set(shape, expectation);
    }
    return expectation;
  }
}

/**
 * To open a socket takes longer than to ask, so the one for the process's own namespace is kept until it was not used for
 * so long. Milliseconds.
 */
const KEPT_FOR = 1000;

let own: Exchange | undefined;
let isUsed = false;
let closing: NodeJS.Timeout | undefined;

/** The exchange in a namespace, for as long as `use` runs. */
export function withExchange<T>(netns: NetnsFile, use: (exchange: Exchange) => T): T {
  if (netns.path === '') return use(ownExchange());
  const exchange = spare ?? new Exchange(netns);
  spare = undefined;
  try {
    exchange.enter(netns);
    return use(exchange);
  } finally {
    exchange.close();
    spare = exchange;
  }
}

/** Its memory is used again: what is thrown away is given back only when the event loop turns. */
let spare: Exchange | undefined;

function ownExchange(): Exchange {
  own ??= new Exchange({ path: '' });
  // To put off a timer each time would take a twentieth of a lookup.
  isUsed = true;
  closing ??= setInterval(closeUnused, KEPT_FOR).unref();
  return own;
}

function closeUnused(): void {
  if (isUsed) {
    isUsed = false;
    return;
  }
  clearInterval(closing);
  closing = undefined;
  own?.close();
}
