/** The script for zsh, to be evaluated, or to be a file with the name _sockdiag in a directory of $fpath. */
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

export function zshScript(): string {
  const options = readOptions();
  const specs = (command: OptionedCommand | undefined): string =>
    options
      .filter(isFor(command))
      .map((option) => `    ${specOf(option)}`)
      .join('\n');
  return `#compdef sockdiag
# zsh completion of sockdiag: eval "$(sockdiag completion zsh)"

_sockdiag_filter() {
  case $words[CURRENT-1] in
    ${STATE_WORDS.join('|')}) compadd -- ${STATES.join(' ')} ;;
    *) compadd -- ${FILTER_WORDS.join(' ')} ;;
  esac
}

_sockdiag() {
  local -a options=(
${specs(undefined)}
  )
${OPTIONED_COMMANDS.map((command) => `  local -a options_of_${command}=(\n${specs(command)}\n  )`).join('\n')}
  if [[ $words[2] == completion ]]; then
    ((CURRENT == 3)) && compadd -- ${SHELLS.join(' ')}
    return
  fi
${OPTIONED_COMMANDS.map((command) => `  [[ $words[2] == ${command} ]] && options+=($options_of_${command})`).join('\n')}
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    local -a commands=(${Object.entries(COMMANDS)
      .map(([name, meaning]) => `'${name}:${meaning}'`)
      .join(' ')})
    _describe command commands
  fi
  _arguments -s $options '*: :_sockdiag_filter'
}

if [[ $funcstack[1] == _sockdiag ]]; then
  _sockdiag "$@"
else
  compdef _sockdiag sockdiag
fi
`;
}

/** `'(-f --family)'{-f+,--family=}'[of a family]:family:(inet unix)'`: the short one's operand may touch it. */
function specOf({ long, short, meaning, operand }: Option): string {
  const action = operand === undefined ? '' : `:${long}:${actionFor(operand)}`;
  const sign = operand === undefined ? '' : '=';
  if (short === undefined) return `'--${long}${sign}[${meaning}]${action}'`;
  const touching = operand === undefined ? '' : '+';
  return `'(-${short} --${long})'{-${short}${touching},--${long}${sign}}'[${meaning}]${action}'`;
}

function actionFor(operand: Operand): string {
  if (operand === 'file') return '_files';
  if (operand === 'namespace') return '_files -W /run/netns';
  if (operand === 'anything') return ' ';
  return 'words' in operand ? `(${operand.words.join(' ')})` : `_values -s , list ${operand.list.join(' ')}`;
}
