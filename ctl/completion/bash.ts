import { commands, globalFlags, type Source, sourcesOfFlags, valueFlags } from './words.ts';

/**
 * Works without the package bash-completion. Words from outside are never expanded, as `compgen -W`
 * would do, and only plain ones are offered.
 */
export const renderBash = (): string => `# bash completion for tsgunctl
# Put into ~/.bashrc: eval "$(tsgunctl completion bash)"

_tsgunctl_instances() {
  local dir
  for dir in "\${TSGUN_RUN_DIR:-/run/tsgun}" "\${XDG_RUNTIME_DIR:-/nonexistent}/tsgun"; do
    local socket
    for socket in "$dir"/*/control.sock; do
      [[ -S $socket ]] || continue
      socket=\${socket%/control.sock}
      printf '%s\\n' "\${socket##*/}"
    done
  done
}

# Asks the instance, briefly and without a word when it fails.
_tsgunctl_ask() {
  "$_tsgunctl_program" "\${_tsgunctl_target[@]}" "$1" -o value --field "$2" --timeout 2 2>/dev/null </dev/null
}

_tsgunctl_offer() {
  local word
  while IFS= read -r word; do
    [[ $word == "$_tsgunctl_typed"* && $word =~ ^[A-Za-z0-9._@:=+-]+$ ]] || continue
    COMPREPLY+=("$word")
    [[ $word != *[=:] ]] || compopt -o nospace 2>/dev/null
  done
}

_tsgunctl() {
  local _tsgunctl_typed=\${COMP_WORDS[COMP_CWORD]} _tsgunctl_program=$1
  local -a _tsgunctl_target=()
  local verb='' awaiting='' place=0 index word
  COMPREPLY=()
  type -P -- "$_tsgunctl_program" >/dev/null || _tsgunctl_program=tsgunctl
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    # Of "--output=json" bash makes three words.
    [[ $word != = ]] || continue
    if [[ -n $awaiting ]]; then
      case $awaiting in
        -i | --instance | -s | --socket) _tsgunctl_target=("$awaiting" "$word") ;;
      esac
      awaiting=''
      continue
    fi
    case $word in
      ${valueFlags.join(' | ')}) awaiting=$word ;;
      [+-][0-9]*) place=$((place + 1)) ;;
      -*) ;;
      *) if [[ -z $verb ]]; then verb=$word; else place=$((place + 1)); fi ;;
    esac
  done
  [[ $_tsgunctl_typed != = ]] || _tsgunctl_typed=''
  if [[ -n $awaiting ]]; then
    case $awaiting in
${[...sourcesOfFlags].map(([forms, source]) => `      ${forms.replace('|', ' | ')}) ${render(source)} ;;`).join('\n')}
    esac
    return 0
  fi
  if [[ $_tsgunctl_typed == -* ]]; then
    ${renderWords(globalFlags.flatMap(({ forms }) => forms))}
    case $verb in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(({ name, flags }) => `      ${name}) ${renderWords(flags.flatMap(({ forms }) => forms))} ;;`)
  .join('\n')}
    esac
    return 0
  fi
  if [[ -z $verb ]]; then
    ${verbs}
    return 0
  fi
  case $verb:$place in
${commands
  .flatMap(({ name, operands }) => operands.map((source, place) => ({ name, place, source })))
  .filter(({ source }) => source.kind !== 'nothing')
  .map(({ name, place, source }) => `    ${name}:${place}) ${render(source)} ;;`)
  .join('\n')}
  esac
  return 0
}

complete -F _tsgunctl tsgunctl
`;

const renderWords = (words: readonly string[]): string =>
  `_tsgunctl_offer < <(printf '%s\\n' ${words.join(' ')})`;

const verbs = renderWords(commands.map(({ name }) => name));

function render(source: Source): string {
  switch (source.kind) {
    case 'words':
      return renderWords(source.words);
    case 'instances':
      return '_tsgunctl_offer < <(_tsgunctl_instances)';
    case 'files':
      return `compopt -o filenames 2>/dev/null; while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$_tsgunctl_typed")`;
    case 'slots':
      return '_tsgunctl_offer < <(_tsgunctl_ask workers slot)';
    case 'settings':
      return '_tsgunctl_offer < <(_tsgunctl_ask config name)';
    case 'verbs':
      return verbs;
    case 'nothing':
      return ':';
  }
}
