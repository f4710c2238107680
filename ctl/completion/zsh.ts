import {
  commands,
  type Flag,
  globalFlags,
  isOpen,
  type Source,
  sourcesOfFlags,
  valueFlags,
} from './words.ts';

export const renderZsh = (): string => `#compdef tsgunctl
# zsh completion for tsgunctl
# Write it to a file _tsgunctl in a folder of $fpath, or put into ~/.zshrc, behind compinit:
#   source <(tsgunctl completion zsh)

_tsgunctl_instances() {
  local dir socket
  for dir in "\${TSGUN_RUN_DIR:-/run/tsgun}" "\${XDG_RUNTIME_DIR:-/nonexistent}/tsgun"; do
    for socket in "$dir"/*/control.sock(N=); do
      print -r -- \${socket:h:t}
    done
  done
}

# Asks the instance, briefly and without a word when it fails.
_tsgunctl_ask() {
  tsgunctl $_tsgunctl_target $1 -o value --field $2 --timeout 2 2>/dev/null </dev/null
}

_tsgunctl() {
  local verb='' awaiting='' word
  local -i place=0 index
  local -a _tsgunctl_target entries
  for (( index = 2; index < CURRENT; index++ )); do
    word=\${words[index]}
    if [[ -n $awaiting ]]; then
      case $awaiting in
        (-i|--instance|-s|--socket) _tsgunctl_target=("$awaiting" "$word") ;;
      esac
      awaiting=''
      continue
    fi
    case $word in
      (${valueFlags.join('|')}) awaiting=$word ;;
      ([+-][0-9]*) place=$(( place + 1 )) ;;
      (-*) ;;
      (*) if [[ -z $verb ]]; then verb=$word; else place=$(( place + 1 )); fi ;;
    esac
  done
  if [[ -n $awaiting ]]; then
    case $awaiting in
${[...sourcesOfFlags].map(([forms, source]) => `      (${forms}) ${render(source)} ;;`).join('\n')}
    esac
    return
  fi
  if [[ \${words[CURRENT]} == -* ]]; then
    entries=(
${renderFlags(globalFlags)}
    )
    case $verb in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(({ name, flags }) => `      (${name}) entries+=(\n${renderFlags(flags)}\n      ) ;;`)
  .join('\n')}
    esac
    _describe -o option entries
    return
  fi
  if [[ -z $verb ]]; then
    entries=(
${commands.map(({ name, summary }) => renderEntry(name, summary)).join('\n')}
    )
    _describe verb entries
    return
  fi
  case "\${verb}:\${place}" in
${commands
  .flatMap(({ name, operands }) => operands.map((source, place) => ({ name, place, source })))
  .filter(({ source }) => source.kind !== 'nothing')
  .map(({ name, place, source }) => `    (${name}:${place}) ${render(source)} ;;`)
  .join('\n')}
  esac
}

# Sourced it is told to zsh; from a folder of $fpath zsh calls it itself.
if [[ "\${funcstack[1]}" == _tsgunctl ]]; then
  _tsgunctl "$@"
else
  compdef _tsgunctl tsgunctl
fi
`;

/** In single quotes, with the colon that parts name and summary. */
const renderEntry = (word: string, summary: string): string =>
  `      '${`${word.replaceAll(':', '\\:')}:${summary}`.replaceAll("'", `'\\''`)}'`;

const renderFlags = (flags: readonly Flag[]): string =>
  flags.flatMap(({ forms, summary }) => forms.map((form) => renderEntry(form, summary))).join('\n');

function render(source: Source): string {
  switch (source.kind) {
    case 'words':
      return renderWords(source.words);
    case 'instances':
      return `compadd -- \${(f)"$(_tsgunctl_instances)"}`;
    case 'files':
      return '_files';
    case 'slots':
      return `compadd -- \${(f)"$(_tsgunctl_ask workers slot)"}`;
    case 'settings':
      return `compadd -- \${(f)"$(_tsgunctl_ask config name)"}`;
    case 'verbs':
      return renderWords(commands.map(({ name }) => name));
    case 'nothing':
      return ':';
  }
}

function renderWords(words: readonly string[]): string {
  const [open, whole] = [words.filter(isOpen), words.filter((word) => !isOpen(word))];
  return [
    ...(whole.length > 0 ? [`compadd -- ${whole.join(' ')}`] : []),
    ...(open.length > 0 ? [`compadd -S '' -- ${open.join(' ')}`] : []),
  ].join('; ');
}
