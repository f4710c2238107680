import { type Flag, flags, initFlags, type Source } from './flags.ts';

export const renderZsh = (): string => `#compdef tsgun
# Made by "npm run generate" from the table of settings: do not edit.

_tsgun_app() {
  if (( CURRENT == 2 )); then
    compadd init
  fi
  _files
}

if (( CURRENT > 2 )) && [[ \${words[2]} == init ]]; then
  (( CURRENT -= 1 ))
  shift words
  _arguments -s -S \\
${initFlags.map(renderFlag).join('\n')}
    ':NAME: '
  return
fi
_arguments -s -S \\
${flags.map(renderFlag).join('\n')}
  '::APP:_tsgun_app'
`;

/** `'(-w --workers)'{-w+,--workers=}'[Number of workers]:INT: '` */
function renderFlag({ forms, summary, value, many }: Flag): string {
  const named = forms.map((form) => form + signOf(form, value));
  const takes = value === null ? '' : `:${escapeColons(value.metavar)}:${render(value.source)}`;
  const rest = `[${escapeColons(summary).replaceAll(/[[\]]/g, String.raw`\$&`)}]${takes}`;
  const [only = '', ...more] = named;
  if (more.length === 0) return `  ${quote(`${many ? '*' : ''}${only}${rest}`)} \\`;
  const others = quote(many ? '*' : `(${forms.join(' ')})`);
  return `  ${others}{${named.join(',')}}${quote(rest)} \\`;
}

/** The value of a letter may be its next word, that of a long form too. */
function signOf(form: string, value: Flag['value']): string {
  if (value === null) return '';
  return form.startsWith('--') ? '=' : '+';
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const escapeColons = (text: string): string => text.replaceAll(':', '\\:');

function render(source: Source): string {
  switch (source.kind) {
    case 'words':
      return `(${source.words.join(' ')})`;
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'users':
      return '_users';
    case 'groups':
      return '_groups';
    case 'nothing':
      return ' ';
  }
}
