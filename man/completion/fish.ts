import { type Flag, flags, initFlags, type Source } from './flags.ts';

export const renderFish = (): string => `# fish completion for tsgun
# Made by "npm run generate" from the table of settings: do not edit.

function __tsgun_init
    set -l tokens (commandline -opc)
    test (count $tokens) -gt 1; and test $tokens[2] = init
end

complete -c tsgun -n 'test (count (commandline -opc)) -eq 1' -a init -d 'Write the configuration of an instance'
${flags.map((flag) => renderFlag(flag, 'not __tsgun_init')).join('\n')}
complete -c tsgun -n __tsgun_init -f
${initFlags.map((flag) => renderFlag(flag, '__tsgun_init')).join('\n')}
`;

const renderFlag = ({ forms, summary, value }: Flag, condition: string): string =>
  [
    `complete -c tsgun -n ${quote(condition)}`,
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
