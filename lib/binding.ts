/** The native addon, loaded on first use. What it exports is described here and only here. */
import { loadAddon } from './addon.js';

/** What the framing of a record is. */
export interface NativeShape {
  /** nlmsg_type of the request and of its records. */
  type: number;
  /** First byte of a record; 0 if it may be any. */
  family: number;
  /** Bytes of the fixed structure that a record starts with. */
  headerLength: number;
  /**
   * Attributes that hold others without NLA_F_NESTED, as pairs of numbers: the attribute that holds it (0xffff for
   * the record), and its own.
   */
  nests?: Uint16Array | undefined;
}

/** One dump to ask for. The first of a reader is sent with sequence number 1, and each with one more than the last. */
export interface NativeRequest extends NativeShape {
  /** A datagram may be larger than 32 KiB. */
  oversize?: boolean | undefined;
  /** What stands behind the netlink header: the family's request structure and its attributes. */
  payload: Uint8Array;
}

/** Why a dump ended before its end. */
export interface NativeFailure {
  /** Which of the requests it was, or of the files. */
  request: number;
  /**
   * A system call failed; one on a file of text; the kernel answered with an error; the kernel marked the dump as interrupted; what
   * came is not a reply that the kernel would make.
   */
  kind: 'system' | 'file' | 'kernel' | 'interrupted' | 'reply';
  errno: number;
  /** `system`, `file`: its name. */
  syscall?: string;
  /** `kernel`: the errno came in NLMSG_DONE, not in NLMSG_ERROR. */
  inDone?: boolean;
  /** `kernel`: the kernel's own words, or nothing; `reply`: what is wrong with it. */
  text?: string;
  /** `reply`: where, in bytes from the start of the datagram. */
  offset?: number;
}

/** A part of a dump. */
export interface NativeBatch {
  records: number;
  /** Nothing comes behind this one. */
  finished: boolean;
  /** The messages, as they came; the next batch may be put into the same memory. Absent without any. */
  buffer?: ArrayBuffer;
  /**
   * Where the messages end in the buffer and the index of the records starts, in 32-bit words. It is one row a
   * record: the record's offset in bytes, the number of its attributes, and the offset of each.
   */
  index?: number;
  /** The inode number of the network namespace that was asked, if one was named and /proc could tell. */
  netns?: number;
  /** Of text: which of the files it is of, and where in that the buffer starts, in bytes. */
  file?: number;
  offset?: number;
  failure?: NativeFailure;
}

/** Files of text to read, one behind the other. Each starts with a header, which is the first record of its first batch. */
export interface NativeText {
  files: readonly {
    path: string;
    /** That it is not there is no failure. */
    optional: boolean;
  }[];
  /**
   * How a record starts, where a line need not be one: `x` is a hexadecimal digit, `d` some decimal ones, `*` some bytes
   * that are neither blanks nor colons, a blank some blanks, all else itself.
   */
  start?: string | undefined;
}

export interface NativeReader {
  /** One call at a time. */
  next(): Promise<NativeBatch>;
  /** Only on a reader on which `next` is never called. */
  nextSync(): NativeBatch;
  /** Gives the socket back: at once, or by the time that the promise resolves. */
  close(): Promise<void> | undefined;
}

/** One question and its answer at a time, on the calling thread. */
export interface NativeExchange {
  /**
   * Memory of both sides: a record that answered; at `EXCHANGE.index` the row of its index; at `EXCHANGE.question` what
   * stands behind the netlink header of a question.
   */
  readonly buffer: ArrayBuffer;
  /** What the record that answers a question looks like: the number that `ask` takes. */
  expect(type: number, headerLength: number, nests: Uint16Array | undefined): number;
  /**
   * Sends the question in the buffer, and receives what answers it: one record, or with NLM_F_ACK in the flags (which are
   * beside NLM_F_REQUEST) an acknowledgement.
   */
  ask(expectation: number, flags: number, length: number): NativeFailure | undefined;
  /** Gives the socket back; the next question opens one anew. */
  close(): void;
  /** The next question goes to another namespace; what was put into the buffer stays there. */
  move(netns: string, inode?: number): void;
}

/** Offsets in the buffer of an exchange, in bytes. */
export const EXCHANGE = { index: 32768, question: 65536 } as const;

/** Bytes that `describe` writes. */
export const DESCRIPTION_LENGTH = 280;

/** What is to be listened to. */
export interface NativeSubscription {
  /** Multicast groups of NETLINK_SOCK_DIAG. */
  groups: Uint32Array;
  /** A program of classic BPF, as an array of `struct sock_filter`; empty for none. */
  filter: Uint8Array;
  /** nlmsg_type of the events. */
  type: number;
  /** Bytes of the fixed structure that an event starts with. */
  headerLength: number;
  /** How many events may wait to be taken. */
  queue: number;
  /** As of `Exchange`. */
  netns: string;
  inode: number | undefined;
}

/** Events that came one after the other; without a record, and finished, the end. */
export interface NativeEvents extends NativeBatch {
  /** So many were lost before these, for want of room in the queue. */
  dropped?: number;
  /** Some were lost before these, for want of room in the kernel: so many, or 0 if it is not known. */
  overrun?: number;
}

export interface NativeListener {
  /** Subscribes; once, and before anything else. */
  open(): NativeFailure | undefined;
  /** One call at a time. */
  next(): Promise<NativeEvents>;
  /** Whether a `next` that waits keeps the process alive; at first it does. */
  keepAlive(alive: boolean): void;
  /** Gives everything back; a `next` that waits is answered with the end. */
  close(): void;
}

/** What was asked, and so what a reply must look like; and how the datagram came. */
export interface NativeExpectation extends NativeShape {
  sequence: number;
  portId: number;
  /** NLM_F_ACK was set. */
  acknowledged?: boolean;
  /** The port id it came from; the kernel's is 0. */
  sender?: number;
  /** It was larger than what it was received into. */
  truncated?: boolean;
}

export interface NativeWalk {
  records: number;
  index: Uint32Array;
  finished: boolean;
  failure: NativeFailure | undefined;
}

/**
 * What a walk over the descriptors of processes has found: of each descriptor that is a socket, its inode, the place of
 * the process in the list of those, and its number, ordered by inode; and of each such process what is told of it. All
 * commands' names are one behind the other. Or the system call that failed.
 */
export interface NativeOwners {
  inodes: Uint32Array;
  holders: Uint32Array;
  descriptors: Uint32Array;
  pids: Uint32Array;
  /** Clock ticks since the machine started. */
  startTimes: Float64Array;
  /** Where in `comms` each name ends, and the next one starts. */
  commEnds: Uint32Array;
  comms: Buffer;
  /** How many were read, may not be read, and ended before they were. */
  processes: number;
  denied: number;
  vanished: number;
  /** There may be others that /proc does not list. */
  hidden: boolean;
  /** A program in the kernel has told of them. */
  bpf: boolean;
}

/** A walk that came to nothing. */
export interface NativeOwnersFailure {
  syscall: string;
  errno: number;
}

export interface NativeOwnersWalk {
  /** One call at a time. */
  run(): Promise<NativeOwners | NativeOwnersFailure>;
  runSync(): NativeOwners | NativeOwnersFailure;
  /** Makes a run end soon; its answer is worth nothing. */
  cancel(): void;
}

export interface Binding {
  /** Checks one datagram that is in memory, as a reader does, and finds what is in it. */
  walk(datagram: Uint8Array, expectation: NativeExpectation): NativeWalk;
  /**
   * What the kernel says of a socket that this process has open: 32-bit numbers for SO_PROTOCOL, the index of the
   * interface that it is bound to, SO_COOKIE (two), and the lengths of its own and of its peer's address; then these two,
   * 128 bytes each. The answer is 0, or an errno.
   */
  describe(descriptor: number, into: Uint8Array): number;
  /**
   * `netns` is the file of a network namespace, or empty for that of the process; `inode` is the inode number that it
   * must have: to open another fails with ESTALE.
   */
  Exchange: new (
    netns: string,
    inode?: number,
  ) => NativeExchange;
  Listener: new (subscription: NativeSubscription) => NativeListener;
  /**
   * As of `Exchange`. The first part of a dump's answer is as large as the `firstReceive`, in bytes; all others are 32 KiB, as it
   * is without. Of text, a row of the index is where the record starts, 1, and where the line break is that ends it;
   * without one at the file's end, where it starts, and 0.
   */
  Reader: new (
    question: NativeRequest[] | NativeText,
    netns: string,
    inode?: number,
    firstReceive?: number,
  ) => NativeReader;
  /** Of these processes and sockets only; of all where there are none. */
  OwnersWalk: new (
    pids: Uint32Array,
    inodes: Uint32Array,
    bpf: boolean,
  ) => NativeOwnersWalk;
}

let binding: Binding | undefined;

/** @throws SockDiagError ERR_SOCKDIAG_UNSUPPORTED, ERR_SOCKDIAG_ADDON: see `loadAddon`. */
export function loadBinding(): Binding {
  binding ??= loadAddon() as Binding;
  return binding;
}
