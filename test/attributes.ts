/** What holds for every attribute of every family, whatever is in it. */
import { expect, test } from 'vitest';

import { attribute } from './messages.js';

export interface AttributeRow {
  /** Where it is in the record. */
  property: string;
  number: number;
  /** As the kernel sends it. */
  payload: Buffer;
  /** What the record says of it. */
  value: unknown;
  /** The shortest that means something, in bytes; without it, the payload's own length. */
  least?: number;
  /** It is an array of elements of so many bytes, or a text, or a nest: no longer one of the same meaning can be made. */
  open?: boolean;
  /** Another payload that is right; without it, one of other bytes. */
  other?: Buffer;
}

type Record_ = Readonly<Record<string, unknown>>;

/** Tests each row at its exact length, longer, shorter, absent, and twice. */
export function testAttributes(
  what: string,
  rows: readonly AttributeRow[],
  decode: (...attributes: Buffer[]) => object,
): void {
  const read = (...attributes: Buffer[]): Record_ => decode(...attributes) as Record_;
  test.each(rows)(`${what} $property: exact, long, short, absent and repeated`, (row) => {
    const { property, number, payload, value } = row;
    expect(read()).not.toHaveProperty(property);
    const exact = read(attribute(number, payload));
    expect(exact[property]).toEqual(value);
    expect(exact).not.toHaveProperty('unknown');
    if (row.open !== true) testLong(read, row);
    testShort(read, row);
    // Of two, the last counts.
    const other = row.other ?? Buffer.from(payload.map((byte) => byte ^ 1));
    expect(read(attribute(number, other), attribute(number, payload))[property]).toEqual(value);
  });
}

const TAIL: Buffer = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);

/** What is behind the part that is known does not change that part, and is not lost if it can be told apart. */
function testLong(
  read: (...attributes: Buffer[]) => Record_,
  { property, number, payload, value }: AttributeRow,
): void {
  const long = read(attribute(number, Buffer.concat([payload, TAIL])))[property];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) expect(long).toEqual(value);
  else expect(long).toMatchObject(value);
}

function testShort(read: (...attributes: Buffer[]) => Record_, row: AttributeRow): void {
  const least = row.least ?? row.payload.length;
  if (least === 0) return;
  const short = row.payload.subarray(0, least - 1);
  const record = read(attribute(row.number, short));
  expect(record).not.toHaveProperty(row.property);
  expect(record['unknown']).toEqual({ [row.number]: new Uint8Array(short) });
  expect(read(attribute(row.number, row.payload.subarray(0, least)))).toHaveProperty(row.property);
}
