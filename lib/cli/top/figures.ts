/** Numbers as short texts: what is not there is an empty one. */

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** `0`, `950`, `1.25k`, `98.3M`: at most three digits that count, and a unit of thousands. */
export function amountText(value: number): string {
  if (!(value >= 0)) return '';
  let rest = value;
  for (const unit of UNITS) {
    if (rest < 999.5) return `${unit === '' ? wholeOrTenth(rest) : threeDigits(rest)}${unit}`;
    rest /= 1000;
  }
  return '>999P';
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** What there is less than one of a second is still told. */
function wholeOrTenth(value: number): string {
  return value === 0 || value >= 9.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

export function countText(value: number): string {
  if (!(value >= 0)) return '';
  return value < 1e6 ? String(Math.round(value)) : amountText(value);
}

/** Microseconds as `0.05ms`, `12.3ms` or `1.50s`. */
export function timeText(value: number): string {
  if (!(value >= 0)) return '';
  if (value >= 999_500) return `${threeDigits(value / 1e6)}s`;
  return value < 1000 ? `${(value / 1000).toFixed(3)}ms` : `${threeDigits(value / 1000)}ms`;
}
