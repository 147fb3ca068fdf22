/** The one error of a text that is no name of a socket. */
import { TextSyntaxError } from '../filter/error.js';

export type { TextSyntaxError };

/** A text is not in the notation of names. */
export class NameSyntaxError extends TextSyntaxError {
  override readonly name = 'NameSyntaxError';
}
