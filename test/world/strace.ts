/** What a script sends and receives over NETLINK_SOCK_DIAG in a network namespace, as strace reads the same bytes. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './world.js';

/** What strace prints: a word as it stands, a list, or a structure by its members' names. */
export type Printed = string | Printed[] | { readonly [name: string]: Printed };

export interface Traced {
  /** Requests and records, each as its header, its structure and its list of attributes. */
  sent: Printed[][];
  received: Printed[][];
  /** The lines that the script wrote, which are JSON. */
  lines: unknown[];
}

/** Runs a script that may use the library, and `print`, in the network namespace of a process. */
export async function traceIn(pid: number, script: string): Promise<Traced> {
  const log = join(tmpdir(), `sockdiag-strace-${process.pid}`);
  const program = `
    import * as sockdiag from './dist/index.js';
    const hex = (_, value) => value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
    const print = (value) => console.log(JSON.stringify(value, hex));
    ${script}`;
  const strace = '-f -qq -v -s 65536 -e trace=sendto,recvmsg -e signal=none -o'.split(' ');
  const node = [process.execPath, '--input-type=module', '-e', program];
  try {
    const output = await run(pid, 'strace', [...strace, log, ...node]);
    const calls = readFileSync(log, 'latin1').split('\n');
    return {
      sent: calls.flatMap((call) => messagesIn(/ sendto\(\d+, (\[.*), \d+, \w+, \{sa_family=/.exec(call))),
      received: calls.flatMap((call) =>
        messagesIn(/ recvmsg(?:\(\d+, | resumed>).*? msg_iov=(.*), msg_iovlen=/.exec(call)),
      ),
      lines: output
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    };
  } finally {
    rmSync(log, { force: true });
  }
}

/** Those of SOCK_DIAG_BY_FAMILY: one stands by itself, several in a list. */
function messagesIn(call: RegExpExecArray | null): Printed[][] {
  if (call === null) return [];
  const printed = new Parser(call[1] as string).value();
  const iov = isList(printed) && isStructure(printed[0]) ? printed[0]['iov_base'] : undefined;
  const data = (iov ?? printed) as Printed[];
  const messages = (isList(data[0]) ? data : [data]) as Printed[][];
  return messages.filter((message) => structure(message[0])['nlmsg_type'] === 'SOCK_DIAG_BY_FAMILY');
}

/** The payloads of a message's attributes by the names of their types; an empty list for one that has none. */
export function attributesOf(message: Printed[]): Map<string, Printed> {
  const list = (message[2] ?? []) as Printed[];
  const single = isHeader(list[0]) && list.length === 2 && !isAttribute(list[1]);
  const attributes = single ? [list] : list;
  return new Map(
    attributes.map((attribute) => {
      const [header, payload = []] = isList(attribute) ? attribute : [attribute];
      return [structure(header)['nla_type'] as string, payload];
    }),
  );
}

const isAttribute = (printed: Printed | undefined): boolean =>
  isHeader(isList(printed) ? printed[0] : printed);

const isHeader = (printed: Printed | undefined): boolean => isStructure(printed) && 'nla_type' in printed;

export function isList(printed: Printed | undefined): printed is Printed[] {
  return Array.isArray(printed);
}

function isStructure(printed: Printed | undefined): printed is { readonly [name: string]: Printed } {
  return typeof printed === 'object' && !isList(printed);
}

export function structure(printed: Printed | undefined): { readonly [name: string]: Printed } {
  if (!isStructure(printed)) throw new Error(`strace printed no structure: ${JSON.stringify(printed)}`);
  return printed;
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): Printed {
    const first = this.#text[this.#at];
    if (first === '{') return Object.fromEntries(this.#items('}', () => this.#member()));
    if (first === '[') return this.#items(']', () => this.#element());
    return this.#word();
  }

  #items<T>(end: string, read: () => T): T[] {
    const items: T[] = [];
    this.#at++;
    while (this.#text[this.#at] !== end) {
      items.push(read());
      if (this.#text.startsWith(', ', this.#at)) this.#at += 2;
      else if (this.#text[this.#at] !== end) throw new Error(`strace, at ${this.#rest()}`);
    }
    this.#at++;
    return items;
  }

  #member(): [string, Printed] {
    const address = /^inet_pton\(AF_INET6, ("[^"]*"), &(\w+)\)/.exec(this.#rest());
    if (address !== null) {
      this.#at += address[0].length;
      return [address[2] as string, address[1] as string];
    }
    const equals = this.#text.indexOf('=', this.#at);
    const name = this.#text.slice(this.#at, equals);
    if (!/^\w+$/.test(name)) throw new Error(`strace, at ${this.#rest()}`);
    this.#at = equals + 1;
    return [name, this.value()];
  }

  /** `[NAME]=value` tells the name of an index, of which none is left out. */
  #element(): Printed {
    const value = this.value();
    if (this.#text[this.#at] !== '=') return value;
    this.#at++;
    return this.value();
  }

  /** A number, names of bits, a call, a text in quotes; without the comment that may follow. */
  #word(): string {
    const found = /^(?:"[^"]*"|\w+\((?:[^()"]|"[^"]*")*\)|(?:<<\([^()]*\)|[^\s,=[\]{}()"])+)/.exec(
      this.#rest(),
    );
    if (found === null) throw new Error(`strace, at ${this.#rest()}`);
    this.#at += found[0].length;
    this.#at += /^( \/\*.*?\*\/)?/.exec(this.#rest())?.[0].length ?? 0;
    return found[0];
  }

  #rest(): string {
    return this.#text.slice(this.#at, this.#at + 4000);
  }
}
