/** What the library says of a number, wherever it stands: undefined where it has no word for it. */
import { isDeepStrictEqual } from 'node:util';

import { attribute } from '../messages.js';
import { PROOFS } from './decoders.js';
import type { Way } from './decoders_ways.js';
import type { Layout } from './layout.js';
import { propertiesOf, setNumber } from './trial.js';

export type Said = (number: number) => string | undefined;

/** Longer than any structure, and a whole number of the elements of any array. */
const ZEROS: Buffer = Buffer.alloc(35_200);
const EMPTY: Buffer = Buffer.alloc(0);

type Properties = Readonly<Record<string, unknown>>;

/** Where attributes stand: what comes of those that are there. */
export type Place = (...attributes: Buffer[]) => object;

export const inRecord =
  (way: Way): Place =>
  (...attributes) =>
    way.read(Buffer.alloc(way.length), ...attributes);

/** Inside of an attribute, of which comes the property. */
export const inside =
  (place: Place, number: number, property: string): Place =>
  (...attributes) =>
    (place(attribute(number, Buffer.concat(attributes))) as Record<string, object>)[property] as object;

/** The properties that an attribute puts there, with spaces between; nothing for one that is only a filler. */
export const byAttribute =
  (place: Place): Said =>
  (number) => {
    // What holds others may be empty, but no zeros; what is a number may not be empty.
    for (const payload of [EMPTY, ZEROS]) {
      const changed = changes(place() as Properties, place(attribute(number, payload)) as Properties);
      if (!changed.includes('unknown')) return changed.sort().join(' ');
    }
    return undefined;
  };

function changes(before: Properties, after: Properties): string[] {
  return Object.keys(after).filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

/** What is decoded from something in which one number is this. */
export type Numbered = (number: number) => object;

/** A member of a structure, decoded as in one of its proofs. */
export const inMember =
  (layouts: ReadonlyMap<string, Layout>, name: string, where: string, path: string): Numbered =>
  (number) => {
    const layout = layouts.get(name);
    const member = layout?.members.find((candidate) => candidate.path === path);
    const proof = PROOFS.find((one) => one.structure === name && one.where === where);
    if (layout === undefined || member === undefined || proof === undefined) {
      throw new Error(`there is no ${path} of ${name}, ${where}`);
    }
    const structure = Buffer.alloc(layout.size);
    setNumber(structure, member, number);
    return proof.decode(structure);
  };

/** An attribute that is a number of so many bytes. */
export const numeric =
  (place: Place, type: number, size: 2 | 4): Numbered =>
  (number) => {
    const array = size === 2 ? new Uint16Array([number]) : new Uint32Array([number]);
    return place(attribute(type, Buffer.from(array.buffer)));
  };

/** The name that a property is. */
export const named =
  (decode: Numbered, property: string): Said =>
  (number) => {
    const name = propertiesOf(decode(number)).get(property);
    if (typeof name !== 'string') throw new Error(`${property} is no name`);
    return /^unknown_-?\d+$/i.test(name) ? undefined : name;
  };

/** The flags that are set in a property. */
export const flagged =
  (decode: Numbered, property: string): Said =>
  (number) => {
    const set = [...propertiesOf(decode(number))].filter(([, value]) => value !== false);
    const names = set.map(([path]) => path).filter((path) => path.startsWith(`${property}.`));
    const own = names.map((path) => path.slice(property.length + 1));
    return own.length === 0 || own.includes('unknown') ? undefined : own.join(' ');
  };
