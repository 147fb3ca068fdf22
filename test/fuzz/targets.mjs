/** What there is to fuzz. Those in C++ are built with libFuzzer, those in TypeScript are run by Node. */

/**
 * @typedef {object} NativeTarget
 * @property {string} name
 * @property {string} about
 * @property {string[]} sources that it is about; its own is test/fuzz/NAME_fuzz.cc
 * @property {number} longest input, in bytes
 */

/** @type {NativeTarget[]} */
export const NATIVE = [
  {
    name: 'message_walker',
    about: 'any bytes as a datagram, any expectation of it',
    sources: ['native/message_walker.cc'],
    longest: 768,
  },
  {
    name: 'line_walker',
    about: 'any text, in pieces cut anywhere',
    sources: ['native/line_walker.cc'],
    longest: 192,
  },
  {
    name: 'event_queue',
    about: 'any order of steps, beside a model',
    sources: ['native/event_queue.cc'],
    longest: 48,
  },
];

/**
 * @typedef {object} ScriptTarget
 * @property {string} name of its module, test/fuzz/NAME.ts
 * @property {string} about
 */

/** @type {ScriptTarget[]} */
export const SCRIPTS = [
  { name: 'decoders', about: 'messages of all families, changed and framed anew' },
  { name: 'recorded', about: 'recordings of which any bytes are others' },
  { name: 'filter-texts', about: 'texts of filters, right and wrong' },
  { name: 'filter-programs', about: 'trees of filters, and the programs made of them' },
  { name: 'names', about: 'names of sockets, as values and as texts' },
  { name: 'proc', about: 'tables of /proc/net with changes' },
];
