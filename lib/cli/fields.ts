/** --fields: which parts of a record are printed, in which order. */
import type { Values } from './options.js';
import type { Plan } from './plan.js';
import { FieldNames, isIndex } from './schema.js';
import { printable } from './words.js';

/** A part of a record, by its path: `info.rtt`, `owners.0.pid`, `owners.pid`. */
export interface Field {
  name: string;
  path: readonly string[];
}

export function fieldsOf(names: string): readonly Field[] {
  return names.split(',').map((name) => ({ name, path: name.split('.') }));
}

/** @throws RangeError for a name that none of the sockets that are asked for can have. */
export function checkFields(fields: string, { kinds }: Plan, { events, fallback }: Values): void {
  const known = new FieldNames(kinds, { isOfEvents: events === true, isOfProc: fallback !== undefined });
  for (const { name } of fieldsOf(fields)) if (!known.has(name)) throw unknown(name, known.all());
}

function unknown(name: string, known: readonly string[]): RangeError {
  const near = nearest(name, known);
  const advice = near === undefined ? '' : `; did you mean '${near}'?`;
  return new RangeError(`these sockets have no field '${printable(name)}'${advice}`);
}

/** The name with the fewest mistakes, if these are not too many; of inner names the last part is enough. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const word = name.toLowerCase();
  let best: string | undefined;
  let fewest = Math.min(3, Math.floor(word.length / 2.5)) + 1;
  for (const one of known) {
    const candidate = one.toLowerCase();
    const last = candidate.slice(candidate.lastIndexOf('.') + 1);
    const mistakes = Math.min(distance(word, candidate), distance(word, last) + 0.5);
    if (mistakes < fewest) [best, fewest] = [one, mistakes];
  }
  return best;
}

/** How many letters have to be put in, left out or changed to make the one of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j += 1) {
      const changed = (row[j] as number) + (letter === other[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}

/** The parts of a record that are there, each under its whole name. */
export function picked(record: object, fields: readonly Field[]): object {
  const values = fields.map(({ name, path }) => [name, valueAt(record, path)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** Of a list without an index, those of all its elements. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  const [part, ...rest] = path;
  if (part === undefined || value === undefined) return value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  if (Array.isArray(value) && !isIndex(part)) {
    return value.map((element) => valueAt(element, path)).filter((found) => found !== undefined);
  }
  return Object.hasOwn(value, part) ? valueAt((value as Record<string, unknown>)[part], rest) : undefined;
}
