/** The classes of all errors, which a program may ask for before it calls anything. */
export { FilterSyntaxError } from './filter/error.js';
export { NameSyntaxError } from './name/error.js';
export { SockDiagError } from './netlink/errors.js';
