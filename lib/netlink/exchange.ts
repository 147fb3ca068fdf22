/** Questions with one answer: how a single socket is looked up, or destroyed. */
import { EXCHANGE, loadBinding, type NativeExchange, type NativeFailure } from '../binding.js';
import { BatchMemory } from './batch.js';

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
  readonly #expectations = new Map<AnswerShape, number>();

  /** `netns` is the file of a network namespace, or empty for that of the process. */
  constructor(netns: string) {
    const native = new (loadBinding().Exchange)(netns);
    this.#native = native;
    this.memory = new BatchMemory(native.buffer);
    this.question = new Uint8Array(native.buffer, EXCHANGE.question);
  }

  /**
   * Asks what the first `length` bytes of `question` ask. `flags` are beside NLM_F_REQUEST, and with NLM_F_ACK the answer
   * is but an acknowledgement.
   */
  ask(shape: AnswerShape, flags: number, length: number): NativeFailure | undefined {
    return this.#native.ask(this.#expectationOf(shape), flags, length);
  }

  close(): void {
    this.#native.close();
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
 * To open a socket takes longer than to ask, so the one for the process's own namespace is kept for a second after its
 * last use. Milliseconds.
 */
const KEPT_FOR = 1000;

let own: Exchange | undefined;
let isOpen = false;
let closing: NodeJS.Timeout | undefined;

/** The exchange in a namespace, for as long as `use` runs. */
export function withExchange<T>(netns: string, use: (exchange: Exchange) => T): T {
  if (netns === '') return use(ownExchange());
  const exchange = new Exchange(netns);
  try {
    return use(exchange);
  } finally {
    exchange.close();
  }
}

function ownExchange(): Exchange {
  own ??= new Exchange('');
  if (isOpen) {
    closing?.refresh();
  } else {
    isOpen = true;
    closing = setTimeout(closeOwn, KEPT_FOR).unref();
  }
  return own;
}

function closeOwn(): void {
  isOpen = false;
  own?.close();
}
