/** The ports of a filter, alone and as terms. */
import { type Operand, readNumber, toNumber } from './operand.js';
import { servicePort } from './services.js';

const MOST = 0xffff;

/** Undefined for `*`, any. */
export function readPort(operand: Operand): number | undefined {
  const { text } = operand;
  if (text === '*') return undefined;
  return servicePort(text) ?? readNumber(operand, MOST, 'a port: *, the name of a service or a number');
}

/** Undefined for what is no port, and for any. */
export function servicePortOrNumber(text: string): number | undefined {
  const number = toNumber(text);
  return number === undefined ? servicePort(text) : number > MOST ? undefined : number;
}
