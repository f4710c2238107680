import { Command, CommanderError } from 'commander';
import { TsgunError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';

export interface InitOptions {
  name: string;
  app: string;
  chdir: string | null;
  /** Empty for the first port that is free. */
  bind: readonly string[];
  /** As it was written; null for what suits this machine. */
  workers: string | null;
  python: string | null;
  user: string;
  /** `-` is standard output; null the place where the unit looks for it. */
  output: string | null;
  force: boolean;
}

export type InitLine = { kind: 'options'; options: InitOptions } | { kind: 'print'; text: string };

/** Reads what follows `tsgun init`. Throws TSGUN_E_USAGE. */
export function parseInitLine(args: readonly string[]): InitLine {
  let text = '';
  const command = createCommand().configureOutput({
    writeOut: (more) => (text += more),
    writeErr: () => undefined,
  });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'print', text };
    throw usageError(error, command);
  }
  const { bind = [], ...given } = command.opts();
  const name = checkName(command.args[0] ?? '');
  const nothing = { chdir: null, workers: null, python: null, output: null, force: false };
  return {
    kind: 'options',
    options: { ...nothing, app: '.', user: 'tsgun', ...given, name, bind },
  };
}

const createCommand = (): Command =>
  new Command('tsgun init')
    .description(
      'Looks at the files of an app, says which kind it is, and writes the configuration of the instance tsgun@NAME. It runs nothing of the app.',
    )
    .argument('<NAME>', 'Name of the instance')
    .option('-a, --app <PATH>', 'Folder or file of the app, file:name or module:name [.]')
    .option(
      '-b, --bind <ADDRESS>',
      'Where to listen; repeat for more [127.0.0.1, port 8000 or above]',
      collect,
    )
    .option('-w, --workers <N>', 'Number of workers, or "auto" [by the CPUs of this machine]')
    .option('--chdir <DIR>', 'Folder the app runs in [found from the app]')
    .option('--python <FILE>', 'Python that runs it [of the virtual environment, or python3]')
    .option('-u, --user <USER>', 'User that the service runs as [tsgun]')
    .option('-o, --output <FILE>', 'Write it here, "-" for standard output [/etc/tsgun/NAME.toml]')
    .option('-f, --force', 'Replace a configuration that is there')
    .helpOption('-h, --help', 'Print this and exit')
    .addHelpText('after', examples)
    .configureHelp({ helpWidth: 80, minWidthToWrap: 30 })
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride();

const examples = `
Examples:
  tsgun init shop --app /srv/shop
  tsgun init shop --app /srv/shop/shop/web.py:create_app() --bind 0.0.0.0:80
  tsgun init shop --app shop.web:app --chdir /srv/shop --output -

An app that is called "init" itself is "./init" or "init:app" for tsgun.
`;

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function usageError(error: CommanderError, command: Command): TsgunError {
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll("'", '"');
  const flag = error.code === 'commander.unknownOption' ? /"(-[^"]*)"/.exec(text)?.[1] : undefined;
  const known = command.options.flatMap(({ long }) => long ?? []);
  const meant = flag === undefined ? null : suggest(flag.split('=')[0] ?? flag, known);
  const hint = meant === null ? 'see "tsgun init --help"' : `did you mean "${meant}"?`;
  return new TsgunError('TSGUN_E_USAGE', `init: ${text}, ${hint}`, { cause: error });
}

/** Goes into a unit's name, a folder's and a socket's path as it is. */
const longestName = 64;

function checkName(name: string): string {
  const why = whyBad(name);
  if (why === null) return name;
  throw new TsgunError(
    'TSGUN_E_USAGE',
    `init: ${JSON.stringify(name)} is no name of an instance: ${why}`,
  );
}

function whyBad(name: string): string | null {
  if (name.length > longestName) return `it is longer than ${longestName} characters`;
  if (/\.(?:toml|service)$/.test(name)) return 'give it without its ending';
  if (name.includes('@')) return 'give only what follows the "@"';
  return /^[A-Za-z0-9](?!.*\.\.)[\w.-]*$/.test(name)
    ? null
    : 'it consists of letters, digits, "_", "-" and ".", and begins with a letter or digit';
}
