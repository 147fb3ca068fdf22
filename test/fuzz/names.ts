/** Names of sockets: values whose text gives them back, and texts that are a value or a NameSyntaxError with its place. */
import { isDeepStrictEqual } from 'node:util';

import {
  type Address,
  formatAddress,
  formatHook,
  type Hook,
  NameSyntaxError,
  parseAddress,
  parseHook,
} from '../../lib/name/index.js';
import type { Random } from '../filter/random.js';
import { mutate as mutateFilter } from '../filter/random-texts.js';
import { dice } from '../filter/trees.js';
import { asJson, Finding, promised, shorterTexts, type Target } from './target.js';

type Numbers = 'linux' | 'freebsd';

interface Language<T> {
  parse(text: string, options: { numbers: Numbers }): T;
  format(value: T, options: { numbers: Numbers }): string;
}

const LANGUAGES = {
  hook: { parse: parseHook, format: formatHook } as Language<Hook>,
  address: { parse: parseAddress, format: formatAddress } as Language<Address>,
};

interface Input {
  kind: keyof typeof LANGUAGES;
  numbers: Numbers;
  text: string;
}

const PIECES = ['"', '\\', '/', '[', ']', '{', '}', '=', ':', ' ', '0', '9', 'x', 'a', '%', '.', '::'].concat(
  [
    ...[
      '\n',
      'ü',
      '\ud800',
      '😀',
      '\0',
      'family=',
      'len=',
      'data=[',
      'inet',
      'inet6',
      'local',
      '65536',
      '-1',
    ],
    ...[
      '0x',
      '\\x',
      '\\777',
      '4294967296',
      'ffff',
      '__proto__',
      'constructor',
      'unix/',
      '28/',
      '%1',
      '1e3',
      '126=',
      '200=1 ',
      '[9=',
      '] }',
    ],
  ],
);

const FAMILIES = [0, 1, 2, 10, 16, 17, 28, 30, 40, 43, 44, 45, 99, 65535];
const PROTOCOLS = [0, 1, 6, 17, 33, 58, 132, 136, 255, 262, 65535];

function bytes(random: Random, most: number): Uint8Array {
  return Uint8Array.from({ length: random.below(most + 1) }, () =>
    random.chance(0.3) ? random.below(256) : 0x20 + random.below(95),
  );
}

function randomAddress(random: Random): Address {
  const port = random.pick([0, 80, 65535]);
  switch (random.below(4)) {
    case 0:
      return { family: 'inet', address: Array.from({ length: 4 }, () => random.below(256)).join('.'), port };
    case 1: {
      const groups = Array.from({ length: 8 }, () =>
        (random.chance(0.5) ? 0 : random.below(65536)).toString(16),
      );
      const { address } = parseAddress(`inet6/${groups.join(':')}`) as { address: string };
      const scope = random.chance(0.3) ? { scopeId: 1 + random.below(2 ** 31 - 1) } : {};
      return { family: 'inet6', address, port, ...scope };
    }
    case 2:
      return { family: 'local', bytes: bytes(random, 108) };
    default: {
      const data = bytes(random, 126);
      return { family: random.pick(FAMILIES), len: data.length + 2, data };
    }
  }
}

/** The text of a value, which must give that value back. */
function textOf<T>({ parse, format }: Language<T>, value: T): string {
  const text = format(value, { numbers: 'linux' });
  const again = parse(text, { numbers: 'linux' });
  promised(isDeepStrictEqual(again, value), 'what is formatted is read as what it was', text);
  promised(/^[\x20-\x7e]*$/.test(text), 'a text can be printed', text);
  return text;
}

function make(random: Random): Input {
  const numbers = random.chance(0.8) ? 'linux' : 'freebsd';
  const isHook = random.chance(0.4);
  const hook = { family: random.pick(FAMILIES), type: random.below(12), protocol: random.pick(PROTOCOLS) };
  let text = isHook ? textOf(LANGUAGES.hook, hook) : textOf(LANGUAGES.address, randomAddress(random));
  if (random.chance(0.3)) text = Array.from({ length: random.below(8) }, () => random.pick(PIECES)).join('');
  // It is counted where it is not said.
  if (random.chance(0.3)) text = text.replace(/ len=\d+/, '');
  for (let times = random.below(4); times > 0; times--) text = mutate(random, text);
  return { kind: isHook ? 'hook' : 'address', numbers, text };
}

function mutate(random: Random, text: string): string {
  if (random.chance(0.2)) return mutateFilter(dice(random.below(2 ** 31)), text);
  const at = random.below(text.length + 1);
  const piece = random.chance(0.7) ? random.pick(PIECES) : '';
  return text.slice(0, at) + piece + text.slice(at + random.below(4));
}

function check({ kind, numbers, text }: Input): string {
  const language = LANGUAGES[kind] as Language<Hook | Address>;
  let value: Hook | Address;
  try {
    value = language.parse(text, { numbers });
  } catch (error) {
    if (!(error instanceof NameSyntaxError)) throw new Finding('it is a NameSyntaxError', { cause: error });
    const { position, found } = error;
    promised(text.startsWith(found, position), 'what was found stands there', { position, found });
    promised(position >= 0 && position <= text.length, 'the place is in the text', { position });
    return 'NameSyntaxError';
  }
  checkAgain(language, value, numbers);
  return kind;
}

function checkAgain<T>(language: Language<T>, value: T, numbers: Numbers): void {
  const text = textOf(language, value);
  promised(
    language.format(language.parse(text, { numbers: 'linux' }), { numbers: 'linux' }) === text,
    'one text',
  );
  if (numbers === 'linux') return;
  try {
    const theirs = language.format(value, { numbers });
    const again = language.parse(theirs, { numbers });
    promised(isDeepStrictEqual(again, value), 'so it is with the numbers of FreeBSD', theirs);
  } catch (error) {
    // What only Linux has is refused.
    if (!(error instanceof RangeError)) throw error;
  }
}

function* smaller(input: Input): Iterable<Input> {
  for (const text of shorterTexts(input.text)) yield { ...input, text };
}

const target: Target<Input> = { of: ['lib/name/'], make, check, smaller, ...asJson };
export default target;
