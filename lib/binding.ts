/** Finds and loads the native addon, on first use. What it exports is described here and only here. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { SockDiagError } from './netlink/errors.js';

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
  /** Which of the requests it was. */
  request: number;
  /**
   * A system call failed; the kernel answered with an error; the kernel marked the dump as interrupted; what
   * came is not a reply that the kernel would make.
   */
  kind: 'system' | 'kernel' | 'interrupted' | 'reply';
  errno: number;
  /** `system`: its name. */
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
  failure?: NativeFailure;
}

export interface NativeReader {
  /** One call at a time. */
  next(): Promise<NativeBatch>;
  /** Only on a reader on which `next` is never called. */
  nextSync(): NativeBatch;
  /** Gives the socket back: at once, or by the time that the promise resolves. */
  close(): Promise<void> | undefined;
}

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
  /** The file of a network namespace, or empty for that of the process. */
  netns: string;
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

export interface Binding {
  /** Checks one datagram that is in memory, as a reader does, and finds what is in it. */
  walk(datagram: Uint8Array, expectation: NativeExpectation): NativeWalk;
  Listener: new (subscription: NativeSubscription) => NativeListener;
  /** `netns` is the file of a network namespace, or empty for that of the process. */
  Reader: new (
    requests: NativeRequest[],
    netns: string,
  ) => NativeReader;
}

let binding: Binding | undefined;

function load(): Binding {
  if (process.platform !== 'linux') {
    throw new SockDiagError(
      `sockdiag asks the Linux kernel, and this is ${process.platform} (${process.arch})`,
      { code: 'ERR_SOCKDIAG_UNSUPPORTED' },
    );
  }
  const require = createRequire(import.meta.url);
  const nodeGypBuild = require('node-gyp-build') as (directory: string) => Binding;
  return nodeGypBuild(dirname(dirname(fileURLToPath(import.meta.url))));
}

/** @throws SockDiagError ERR_SOCKDIAG_UNSUPPORTED where there is no Linux kernel to ask. */
export function loadBinding(): Binding {
  binding ??= load();
  return binding;
}
