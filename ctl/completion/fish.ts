import { commands, type Flag, globalFlags, type Source, valueFlags } from './words.ts';

export const renderFish = (): string => `# fish completion for tsgunctl
# Write it to ~/.config/fish/completions/tsgunctl.fish

function __tsgunctl_instances
    set -l dirs /run/tsgun
    test -n "$TSGUN_RUN_DIR"; and set dirs $TSGUN_RUN_DIR
    test -n "$XDG_RUNTIME_DIR"; and set -a dirs $XDG_RUNTIME_DIR/tsgun
    for dir in $dirs
        for socket in $dir/*/control.sock
            test -S $socket; and basename (dirname $socket)
        end
    end
end

# The words before the cursor that are no flags and no values of flags.
function __tsgunctl_operands
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -l skip 0
    for token in $tokens
        if test $skip = 1
            set skip 0
            continue
        end
        switch $token
            case ${valueFlags.join(' ')}
                set skip 1
            case '-*'
            case '*'
                echo $token
        end
    end
end

function __tsgunctl_no_verb
    test (count (__tsgunctl_operands)) -eq 0
end

# Whether VERB was typed, and when a number follows, so many words behind it.
function __tsgunctl_at
    set -l operands (__tsgunctl_operands)
    test (count $operands) -gt 0; or return 1
    test $operands[1] = $argv[1]; or return 1
    test (count $argv) -eq 1; or test (count $operands) -eq (math $argv[2] + 1)
end

# Asks the instance, briefly and without a word when it fails.
function __tsgunctl_ask
    set -l target
    set -l tokens (commandline -opc)
    for index in (seq (count $tokens))
        switch $tokens[$index]
            case -i --instance -s --socket
                set -l next (math $index + 1)
                test $next -le (count $tokens); and set target $tokens[$index] $tokens[$next]
        end
    end
    tsgunctl $target $argv[1] -o value --field $argv[2] --timeout 2 2>/dev/null </dev/null
end

complete -c tsgunctl -f
${globalFlags.map((flag) => renderFlag(flag, null)).join('\n')}
${commands.map(({ name, summary }) => `complete -c tsgunctl -n __tsgunctl_no_verb -a ${name} -d ${quote(summary)}`).join('\n')}
${commands.flatMap(({ name, flags }) => flags.map((flag) => renderFlag(flag, name))).join('\n')}
${commands
  .flatMap(({ name, operands }) => operands.map((source, place) => ({ name, place, source })))
  .filter(({ source }) => source.kind !== 'nothing')
  .map(
    ({ name, place, source }) =>
      `complete -c tsgunctl -n ${quote(`__tsgunctl_at ${name} ${place}`)} ${render(source)}`,
  )
  .join('\n')}
`;

const quote = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

function renderFlag({ forms, summary, value }: Flag, verb: string | null): string {
  return [
    'complete -c tsgunctl',
    ...(verb === null ? [] : [`-n ${quote(`__tsgunctl_at ${verb}`)}`]),
    ...forms.map((form) => (form.startsWith('--') ? `-l ${form.slice(2)}` : `-s ${form.slice(1)}`)),
    ...(value === null ? [] : [value.kind === 'files' ? '-r -F' : `-x ${render(value)}`.trimEnd()]),
    `-d ${quote(summary)}`,
  ].join(' ');
}

function render(source: Source): string {
  switch (source.kind) {
    case 'words':
      return `-a ${quote(source.words.join(' '))}`;
    case 'instances':
      return `-a '(__tsgunctl_instances)'`;
    case 'slots':
      return `-a '(__tsgunctl_ask workers slot)'`;
    case 'settings':
      return `-a '(__tsgunctl_ask config name)'`;
    case 'verbs':
      return `-a ${quote(commands.map(({ name }) => name).join(' '))}`;
    case 'files':
      return '-F';
    case 'nothing':
      return '';
  }
}
