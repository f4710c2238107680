import { type Flag, flags, initFlags, type Source } from './flags.ts';

/** Works without the package bash-completion, and expands nothing of what it finds. */
export const renderBash = (): string => `# bash completion for tsgun
# Made by "npm run generate" from the table of settings: do not edit.

_tsgun_offer() {
  local word
  while IFS= read -r word; do
    [[ $word != "$typed"* ]] || COMPREPLY+=("$word")
  done
}

_tsgun_find() {
  local word
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(compgen "$1" -- "$typed")
}

_tsgun() {
  local typed=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  # Of "--loglevel=info" bash makes three words, of "host:80" as well.
  if [[ $typed == = ]]; then
    typed=''
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  [[ $typed != : && $before != : ]] || return 0
  if [[ $COMP_CWORD -gt 1 && \${COMP_WORDS[1]} == init ]]; then
    _tsgun_init
  else
    _tsgun_options
  fi
  return 0
}

_tsgun_options() {
  case $before in
${renderValues(flags)}
  esac
  if [[ $typed == -* ]]; then
    ${renderForms(flags)}
    return
  fi
  [[ $COMP_CWORD -gt 1 ]] || ${renderWords(['init'])}
  _tsgun_find -f
}

_tsgun_init() {
  case $before in
${renderValues(initFlags)}
  esac
  ${renderForms(initFlags)}
}

complete -F _tsgun tsgun
`;

/** Flags that take the same, together. */
function renderValues(all: readonly Flag[]): string {
  const withValue = all.flatMap(({ forms, hidden, value }) =>
    value === null ? [] : [{ forms: [...forms, ...hidden], action: render(value.source) }],
  );
  return [...Map.groupBy(withValue, ({ action }) => action)]
    .map(([action, members]) => {
      const forms = members.flatMap((flag) => flag.forms);
      return `    ${forms.join(' | ')})\n      ${action}\n      return\n      ;;`;
    })
    .join('\n');
}

const renderForms = (all: readonly Flag[]): string =>
  renderWords(all.flatMap(({ forms }) => forms));

const renderWords = (words: readonly string[]): string =>
  `_tsgun_offer < <(printf '%s\\n' ${words.join(' ')})`;

function render(source: Source): string {
  switch (source.kind) {
    case 'words':
      return renderWords(source.words);
    case 'files':
      return '_tsgun_find -f';
    case 'folders':
      return '_tsgun_find -d';
    case 'users':
      return '_tsgun_offer < <(compgen -u)';
    case 'groups':
      return '_tsgun_offer < <(compgen -g)';
    case 'nothing':
      return ':';
  }
}
