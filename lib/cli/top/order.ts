/** The rows of a screen, out of all: those are found and sorted, and the others are not. */

/** Negative where the first comes first. */
export type Compare = (a: number, b: number) => number;

/** Those with numbers before those without; where these are the same, the older row. */
export function byNumber(figureOf: (row: number) => number, largestFirst: boolean): Compare {
  return (a, b) => {
    const x = figureOf(a);
    const y = figureOf(b);
    if (x === y) return a - b;
    if (Number.isNaN(x) || Number.isNaN(y)) {
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    }
    return largestFirst ? y - x : x - y;
  };
}

export function byText(textOf: (row: number) => string, lastFirst: boolean): Compare {
  const sign = lastFirst ? -1 : 1;
  return (a, b) => {
    const x = textOf(a);
    const y = textOf(b);
    if (x === y) return a - b;
    return x < y ? -sign : sign;
  };
}

/**
 * What stands from one place to another when all are sorted. The rows are brought into another order meanwhile, and each
 * is compared a few times, however far down the places are.
 */
export function windowOf(rows: Uint32Array, compare: Compare, from: number, to: number): Uint32Array {
  const start = Math.min(Math.max(from, 0), rows.length);
  const end = Math.min(Math.max(to, start), rows.length);
  if (start > 0 && start < rows.length) divide(rows, compare, 0, start);
  if (end < rows.length) divide(rows, compare, start, end);
  return rows.subarray(start, end).sort(compare);
}

/** Brings those that come first before `place`, and the others behind it; none of those before `first` is touched. */
function divide(rows: Uint32Array, compare: Compare, first: number, place: number): void {
  let low = first;
  let high = rows.length - 1;
  while (low < high) {
    const pivot = rows[(low + high) >>> 1] as number;
    let left = low;
    let right = high;
    while (left <= right) {
      while (compare(rows[left] as number, pivot) < 0) left++;
      while (compare(rows[right] as number, pivot) > 0) right--;
      if (left > right) break;
      const one = rows[left] as number;
      rows[left++] = rows[right] as number;
      rows[right--] = one;
    }
    if (place <= right) high = right;
    else if (place >= left) low = left;
    else return;
  }
}
