/** Colours, where they help the eye: of states, of queues that are not empty, of addresses by their family. */
import process from 'node:process';

export const WHENS = ['auto', 'always', 'never'] as const;

/** A cell with the blanks around it, in its colour. What a queue means depends on the state. */
export type Paint = (column: number, cell: string, state: string) => string;

const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const MAGENTA = 35;
const CYAN = 36;
/** The bright one: on black nobody can read the other. */
const BLUE = 94;

/** In CLOSE-WAIT it is the own program that has not closed. */
const STATES: Readonly<Record<string, number>> = {
  ESTAB: GREEN,
  LISTEN: CYAN,
  'SYN-SENT': YELLOW,
  'SYN-RECV': YELLOW,
  'CLOSE-WAIT': RED,
};

const stateColour = (cell: string): number | undefined => STATES[cell];

const queueColour = (cell: string): number | undefined => (/^[1-9]\d*$/.test(cell) ? YELLOW : undefined);

/** Of a listener this is its backlog: a limit, and nothing that waits. */
const outgoingColour = (cell: string, state: string): number | undefined =>
  state === 'LISTEN' ? undefined : queueColour(cell);

/** As ip(8) tells the families apart. */
function addressColour(cell: string): number | undefined {
  if (/^\d+\.\d+\.\d+\.\d+(?:%.*)?$/.test(cell)) return MAGENTA;
  return /^\[[\da-f.]*:[\da-f:.]*\](?:%.*)?$/.test(cell) ? BLUE : undefined;
}

/** By the columns of a row. */
const COLOURS = [
  undefined,
  stateColour,
  queueColour,
  outgoingColour,
  addressColour,
  undefined,
  addressColour,
] as const;

const paint: Paint = (column, cell, state) => {
  const [, before = '', text = '', after = ''] = /^( *)(.*?)(:? *)$/s.exec(cell) ?? [];
  const colour = COLOURS[column]?.(text, state);
  return colour === undefined ? cell : `${before}\x1b[${colour}m${text}\x1b[0m${after}`;
};

/** Undefined for none. @throws RangeError for what --color does not know. */
export function paintFor(when: string | undefined): Paint | undefined {
  if (when !== undefined && !WHENS.includes(when as 'auto')) {
    throw new RangeError(`--color is '${when}', but must be one of ${WHENS.join(', ')}`);
  }
  const isWanted =
    when === 'always' || (when !== 'never' && isDrawable(process.env) && hasColours(process.env));
  return isWanted ? paint : undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether output is a terminal that knows more than letters. */
export function isDrawable({ TERM }: Environment): boolean {
  return process.stdout.isTTY === true && TERM !== 'dumb';
}

/** Whether nobody has said no: https://no-color.org */
export function hasColours({ NO_COLOR }: Environment): boolean {
  return (NO_COLOR ?? '') === '';
}
