/** Which fields there are, of the kinds of sockets that are asked for: docs/records.schema.json knows, which is made of the types. */
import { readFileSync } from 'node:fs';

import type { Kind } from './plan.js';

/** What is read of the schema. */
interface Node {
  $ref?: string;
  oneOf?: readonly Node[];
  const?: unknown;
  items?: Node;
  properties?: Readonly<Record<string, Node>>;
  patternProperties?: Readonly<Record<string, Node>>;
}

export interface Told {
  /** Of events, the sockets that have ended. */
  isOfEvents: boolean;
  /** What /proc/net tells of sockets too. */
  isOfProc: boolean;
}

/** Keys are not among what the command prints. */
const SECRET = 'md5sig.key';

export class FieldNames {
  readonly #definitions: Readonly<Record<string, Node>>;
  readonly #records: readonly Node[];

  constructor(kinds: readonly Kind[], { isOfEvents, isOfProc }: Told) {
    const file = new URL('../../docs/records.schema.json', import.meta.url);
    const schema = JSON.parse(readFileSync(file, 'utf8'));
    this.#definitions = schema.$defs;
    const records = this.#variants(schema);
    const sockets = isOfEvents ? records.flatMap((record) => this.#inside(record, 'socket')) : records;
    this.#records = sockets
      .flatMap((socket) => this.#variants(socket))
      .filter(({ properties }) => isOfProc || properties?.['source'] === undefined)
      .filter((socket) => kinds.some((kind) => isOfKind(socket, kind)));
  }

  has(name: string): boolean {
    const parts = name.split('.');
    if (parts.filter((part) => !isIndex(part)).join('.') === SECRET) return false;
    let nodes = this.#records;
    for (const part of parts) nodes = nodes.flatMap((node) => this.#inside(node, part));
    return nodes.length > 0;
  }

  /** All names, those inside of lists without an index. */
  all(): string[] {
    const names = this.#records.flatMap((record) => this.#namesIn(record, ''));
    return [...new Set(names)].filter((name) => name !== SECRET);
  }

  #namesIn(node: Node, prefix: string): string[] {
    return this.#variants(node).flatMap(({ items, properties = {} }) =>
      items !== undefined
        ? this.#namesIn(items, prefix)
        : Object.entries(properties).flatMap(([name, value]) => [
            `${prefix}${name}`,
            ...this.#namesIn(value, `${prefix}${name}.`),
          ]),
    );
  }

  /** What a property of a value is, of an element, or of the elements of a list. */
  #inside(node: Node, name: string): readonly Node[] {
    return this.#variants(node).flatMap(({ items, properties, patternProperties = {} }) => {
      if (items !== undefined) return isIndex(name) ? [items] : this.#inside(items, name);
      if (properties !== undefined && Object.hasOwn(properties, name)) return [properties[name] as Node];
      return Object.entries(patternProperties).flatMap(([pattern, value]) =>
        new RegExp(pattern).test(name) ? [value] : [],
      );
    });
  }

  /** What it refers to, or may be. */
  #variants(node: Node): readonly Node[] {
    if (node.oneOf !== undefined) return node.oneOf.flatMap((one) => this.#variants(one));
    if (node.$ref === undefined) return [node];
    const name = node.$ref.replace('#/$defs/', '');
    return this.#variants(this.#definitions[name] as Node);
  }
}

/** Such as `0` of `owners.0.pid`. */
export function isIndex(part: string): boolean {
  return /^\d+$/.test(part);
}

/** A kind is called by its protocol, or by its family and, where that has several, its type. */
function isOfKind({ properties = {} }: Node, kind: Kind): boolean {
  const { family, protocol } = properties;
  return protocol?.const === kind || family?.const === kind.split('_')[0];
}
