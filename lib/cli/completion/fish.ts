/** The script for fish. */
import {
  COMMANDS,
  FILTER_WORDS,
  type Operand,
  type Option,
  readOptions,
  SHELLS,
  STATE_WORDS,
  STATES,
} from './vocabulary.js';

/** What stands in front of the last comma of the word, and each of the names behind it. */
const HELPERS = `function __sockdiag_list
    set -l before (string match -rg '^(?:--\\w+=)?(.*,)' -- (commandline -ct))
    printf '%s\\n' $before$argv
end
`;

export function fishScript(): string {
  const isFirst = '__fish_is_first_arg';
  return `# fish completion of sockdiag: sockdiag completion fish | source
${HELPERS}
complete -c sockdiag -f
${readOptions().map(lineOf).join('\n')}
${Object.entries(COMMANDS)
  .map(([name, meaning]) => `complete -c sockdiag -n ${isFirst} -a ${name} -d '${meaning}'`)
  .join('\n')}
complete -c sockdiag -n '__fish_prev_arg_in completion' -a '${SHELLS.join(' ')}'
complete -c sockdiag -n '__fish_prev_arg_in ${STATE_WORDS.join(' ')}' -a '${STATES.join(' ')}'
complete -c sockdiag -n 'not __fish_prev_arg_in completion ${STATE_WORDS.join(' ')}' -a '${FILTER_WORDS.join(' ')}'
`;
}

function lineOf({ long, short, meaning, operand, commands }: Option): string {
  return [
    'complete -c sockdiag',
    commands.length === 0 ? '' : ` -n '__fish_seen_subcommand_from ${commands.join(' ')}'`,
    short === undefined ? '' : ` -s ${short}`,
    ` -l ${long} -d '${meaning}'`,
    operand === undefined ? '' : argumentFor(operand),
  ].join('');
}

function argumentFor(operand: Operand): string {
  if (operand === 'file') return ' -rF';
  if (operand === 'namespace') return ` -xa '(ls /run/netns 2>/dev/null)'`;
  if (operand === 'anything') return ' -x';
  return 'words' in operand
    ? ` -xa '${operand.words.join(' ')}'`
    : ` -xa '(__sockdiag_list ${operand.list.join(' ')})'`;
}
