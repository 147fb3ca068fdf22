/** The script for bash. It needs nothing but bash itself. */
import {
  COMMANDS,
  FILTER_WORDS,
  isFor,
  OPTIONED_COMMANDS,
  type Operand,
  type Option,
  type OptionedCommand,
  readOptions,
  SHELLS,
  STATE_WORDS,
  STATES,
} from './vocabulary.js';

/** A list goes on behind a comma, so no blank follows; what stands in front of the comma stays. */
const HELPERS = `_sockdiag_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_sockdiag_list() {
  local before=
  [[ $current == *,* ]] && before="\${current%,*},"
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "\${current##*,}")
  compopt -o nospace 2>/dev/null
}

_sockdiag_files() {
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
  compopt -o filenames 2>/dev/null
}
`;

/** bash takes `--color=al` for three words, and of `-tanA` the last letter says what follows. */
const START = `  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [[ $current == '=' ]]; then
    current=
  elif [[ $previous == '=' ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $previous =~ ^-[[:alnum:]]+$ ]]; then
    previous=-\${previous: -1}
  fi
`;

export function bashScript(): string {
  const options = readOptions();
  const cases = options.flatMap((option) => {
    const command = commandFor(option.operand);
    return command === undefined ? [] : [`    ${spellings(option).join('|')}) ${command}; return ;;`];
  });
  const spelled = (command: OptionedCommand | undefined): string =>
    options.filter(isFor(command)).flatMap(spellings).join(' ');
  return `# bash completion of sockdiag: eval "$(sockdiag completion bash)"
${HELPERS}
_sockdiag() {
${START}
  case $previous in
${cases.join('\n')}
    ${STATE_WORDS.join('|')}) ${words(STATES)}; return ;;
    completion) ((COMP_CWORD == 2)) && ${words(SHELLS)} && return ;;
  esac
  local options='${spelled(undefined)}'
${OPTIONED_COMMANDS.map((command) => `  [[ \${COMP_WORDS[1]} == ${command} ]] && options+=' ${spelled(command)}'`).join('\n')}
  local begin='${FILTER_WORDS.join(' ')}'
  ((COMP_CWORD == 1)) && begin+=' ${Object.keys(COMMANDS).join(' ')}'
  if [[ $current == -* ]]; then
    _sockdiag_words "$options"
  else
    _sockdiag_words "$begin"
  fi
}

complete -F _sockdiag sockdiag
`;
}

function spellings({ long, short }: Option): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
}

const words = (all: readonly string[]): string => `_sockdiag_words '${all.join(' ')}'`;

function commandFor(operand: Operand | undefined): string | undefined {
  if (operand === undefined) return undefined;
  if (operand === 'file') return '_sockdiag_files';
  if (operand === 'namespace') return '_sockdiag_words "$(ls /run/netns 2>/dev/null)"';
  if (operand === 'anything') return ':';
  return 'words' in operand ? words(operand.words) : `_sockdiag_list '${operand.list.join(' ')}'`;
}
