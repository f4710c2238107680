import { type Flag, flags, type Source } from './flags.ts';

export const renderFish = (): string => `# fish completion for tsgun
# Made by "npm run generate" from the table of settings: do not edit.

${flags.map(renderFlag).join('\n')}
`;

const renderFlag = ({ forms, summary, value }: Flag): string =>
  [
    'complete -c tsgun',
    ...forms.map((form) => (form.startsWith('--') ? `-l ${form.slice(2)}` : `-s ${form.slice(1)}`)),
    ...(value === null ? [] : [render(value.source)]),
    `-d ${quote(summary)}`,
  ].join(' ');

const quote = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

function render(source: Source): string {
  switch (source.kind) {
    case 'words':
      return `-x -a ${quote(source.words.join(' '))}`;
    case 'files':
      return '-r -F';
    case 'folders':
      return `-x -a '(__fish_complete_directories)'`;
    case 'users':
      return `-x -a '(__fish_complete_users)'`;
    case 'groups':
      return `-x -a '(__fish_complete_groups)'`;
    case 'nothing':
      return '-x';
  }
}
