/** Dumps of the tables in /proc/net: how one is described, and how it is read. */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';

import type { NativeBatch, NativeFailure } from '../binding.js';
import { inNamespaces } from '../namespaces/source.js';
import { BatchMemory } from '../netlink/batch.js';
import { Dump, type DumpOptions } from '../netlink/dump.js';
import { errnoName, errorOf, SockDiagError } from '../netlink/errors.js';
import { LazyReader } from '../netlink/lazy-reader.js';
import { type NetnsFile, netnsFile } from '../netlink/netns.js';
import type { Decode, Source } from '../netlink/reading.js';
import { owningSource } from '../owners/owning.js';
import type { SocketRecord } from '../record/record.js';
import { Line, Malformed } from './line.js';

/** Reads the record in a line; undefined if it is none to give out. */
export type ReadLine<T> = (line: Line) => T | undefined;

/** What one dump reads. */
export interface Table<T> {
  /** In messages, in the plural. */
  sockets: string;
  /** For one reading. */
  files: () => readonly TableFile<T>[];
  /** How a record starts, if it may hold line breaks; see NativeText. */
  start?: string;
  /** What it means that the files are not there. */
  absent: string;
}

export interface TableFile<T> {
  /** Below /proc/net. */
  name: string;
  /** It may be missing, if another one is there. */
  optional: boolean;
  /** Fits its first line. */
  header: RegExp;
  read: ReadLine<T>;
}

/** What every dump of `sockdiag/proc` accepts. */
export interface ProcOptions extends Pick<DumpOptions, 'signal' | 'netns' | 'owners'> {
  /**
   * What to read instead of /proc: a directory with a `net` in it, which holds the tables. That of another machine's
   * recording, which must be of the same byte order; or one below another mount of /proc, such as `'/host/proc/1'`. Neither
   * `netns` nor `owners` goes with it.
   */
  root?: string | undefined;
}

/** What is put around the decoder. */
export type Around<T> = (decode: Decode<T>) => Decode<T>;

/** The tables of this process's network namespace, and of the thread's that reads, which may be in another. */
const OWN = '/proc/net';
const ENTERED = '/proc/thread-self/net';

/** Opens the tables of a namespace, which the reading thread enters. */
export function openTable<T>(table: Table<T>, around?: Around<T>): (netns: NetnsFile) => TableSource<T> {
  return (netns) => new TableSource(table, netns.path === '' ? OWN : ENTERED, netns, around);
}

export function tableDump<T extends SocketRecord>(
  table: Table<T>,
  { signal, netns, owners, root }: ProcOptions,
  around?: Around<T>,
): Dump<T> {
  const openTables = (): (() => Source<T>) => {
    const openIn = (directory: string) => () =>
      new TableSource(table, directory, netnsFile(undefined), around);
    if (root !== undefined) return openIn(`${root}/net`);
    // Whose process it is does not matter here, while to enter its namespace takes a privilege.
    if (typeof netns === 'number') return openIn(`/proc/${netns}/net`);
    return inNamespaces(netns, openTable(table, around));
  };
  const open = openTables();
  return new Dump({
    open: (use) => {
      if (use === 'messages')
        throw new TypeError('raw() is for netlink messages, and there are none in /proc');
      return owningSource(open(), owners);
    },
    signal,
  });
}

const EBADMSG = constants.errno.EBADMSG;
const EMSGSIZE = constants.errno.EMSGSIZE;
const ENOENT = constants.errno.ENOENT;

/** Reads the files of a table in one directory, one behind the other. */
export class TableSource<T> implements Source<T> {
  decode: Decode<T> = () => undefined;
  readonly #table: Table<T>;
  readonly #files: readonly TableFile<T>[];
  readonly #directory: string;
  readonly #netns: NetnsFile;
  readonly #around: Around<T> | undefined;
  readonly #reader: LazyReader;
  readonly #line = new Line();
  /** The file that is read. */
  #file: number | undefined;
  /** Where in the file the batch starts. */
  #offset = 0;

  constructor(table: Table<T>, directory: string, netns: NetnsFile, around?: Around<T>) {
    this.#table = table;
    this.#files = table.files();
    this.#directory = directory;
    this.#netns = netns;
    this.#around = around;
    const files = this.#files.map(({ name, optional }) => ({ path: `${directory}/${name}`, optional }));
    this.#reader = new LazyReader(() => ({ files, start: table.start }), netns);
  }

  async next(): Promise<NativeBatch> {
    return this.#accept(await this.#reader.next());
  }

  nextSync(): NativeBatch {
    return this.#accept(this.#reader.nextSync());
  }

  requests(): Uint8Array {
    return new Uint8Array(); // untested: raw() is refused before
  }

  errorOf(failure: NativeFailure): Error {
    const { sockets } = this.#table;
    if (failure.kind === 'file') return this.#fileError(failure);
    if (failure.kind === 'reply') return this.#malformed(failure.text as string, failure.offset as number);
    return errorOf(failure, { sockets, family: { module: '', option: '' } }, this.#netns.path);
  }

  close(): Promise<void> | undefined {
    return this.#reader.close();
  }

  #accept(batch: NativeBatch): NativeBatch {
    const { file } = batch;
    if (file === undefined) {
      // At the end of all, and at that of a reading which was left.
      const isAbsent = batch.finished && batch.failure === undefined && this.#file === undefined;
      return isAbsent ? { ...batch, failure: this.#absence() } : batch;
    }
    this.#offset = batch.offset as number;
    const isFirst = file !== this.#file;
    this.#file = file;
    if (!isFirst || batch.failure !== undefined) return batch;
    this.decode = this.#decoderOf(file);
    return this.#checkHeader(batch, file);
  }

  #absence(): NativeFailure {
    return { kind: 'file', request: 0, errno: ENOENT, syscall: 'open' };
  }

  #decoderOf(file: number): Decode<T> {
    const { read } = this.#files[file] as TableFile<T>;
    const line = this.#line;
    const decode: Decode<T> = (memory, row) => {
      try {
        line.open(memory, row);
        return read(line);
      } catch (error) {
        throw error instanceof Malformed ? this.#malformed(error.text, this.#offset + error.at) : error;
      }
    };
    return this.#around?.(decode) ?? decode;
  }

  /** The batch without the header that it starts with. */
  #checkHeader(batch: NativeBatch, file: number): NativeBatch {
    const { buffer, index = 0, records } = batch;
    if (buffer === undefined || records === 0)
      return this.#refuse('no header: it is empty, as all of these are under WSL 1');
    const { words, bytes } = new BatchMemory(buffer);
    const end = words[index + 1] === 1 ? (words[index + 2] as number) : bytes.length;
    const header = bytes.toString('latin1', words[index], Math.min(end, MOST_HEADER));
    const { header: expected } = this.#files[file] as TableFile<T>;
    if (!expected.test(header)) return this.#refuse('another header than such a table has');
    return { ...batch, records: records - 1, index: index + 2 + (words[index + 1] as number) };
  }

  #refuse(text: string): NativeBatch {
    this.#reader.close();
    return { ...FAILED, failure: { kind: 'reply', request: 0, errno: 0, text, offset: 0 } };
  }

  #path(file: number): string {
    return `${this.#directory}/${(this.#files[file] as TableFile<T>).name}`;
  }

  #malformed(text: string, offset: number): SockDiagError {
    const path = this.#path(this.#file ?? 0);
    return new SockDiagError(`cannot dump ${this.#table.sockets}: ${path} has ${text} (at byte ${offset})`, {
      code: 'EBADMSG',
      errno: EBADMSG,
    });
  }

  #fileError({ request, errno, syscall }: NativeFailure): SockDiagError {
    const path = this.#path(request);
    if (errno === EMSGSIZE) return this.#malformed('a line longer than 128 KiB', this.#offset);
    const code = errnoName(errno);
    const why = errno === ENOENT ? this.#whyAbsent(path) : `${path} cannot be read`;
    return new SockDiagError(`cannot dump ${this.#table.sockets}: ${why} (${code}: ${syscall})`, {
      code,
      errno,
      syscall,
    });
  }

  #whyAbsent(path: string): string {
    const directory = dirname(path);
    if (!existsSync(directory)) return `there is no ${directory}`;
    return `${this.#table.absent}: there is no ${path}`;
  }
}

const FAILED: NativeBatch = { records: 0, finished: true };

/** Bytes; they are some hundred. */
const MOST_HEADER = 1024;
