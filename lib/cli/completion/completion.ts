/** `sockdiag completion SHELL`: a script that has the shell complete the words of this command. */
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { SHELLS } from './vocabulary.js';
import { zshScript } from './zsh.js';

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @throws RangeError for anything but one shell that is known. */
export function completionFor(words: readonly string[]): string {
  const shell = SHELLS.find((one) => words.length === 1 && one === words[0]);
  if (shell !== undefined) return SCRIPTS[shell]();
  throw new RangeError(`completion is for one of ${SHELLS.join(', ')}, not '${words.join(' ')}'`);
}
