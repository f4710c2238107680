import { Command, CommanderError, Option } from 'commander';
import { TsgunError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import type { Setting } from '../settings/define.ts';
import { describeValue } from '../settings/describe-value.ts';
import { isForeign } from '../settings/foreign.ts';
import { toKebab, toSnake } from '../settings/names.ts';
import type { Given } from '../settings/resolve.ts';
import { type SettingName, sections, table } from '../settings/table.ts';

/** What a command line asks for: settings, or just some text to print. */
export type CommandLine = { kind: 'settings'; given: Given[] } | { kind: 'print'; text: string };

/**
 * Reads a command line, without the program's name. `origin` replaces the flags as the source of
 * the values. Values are not checked yet; an unknown flag is TSGUN_E_USAGE.
 */
export function parseCommandLine(
  args: readonly string[],
  version: string,
  origin?: string,
): CommandLine {
  const given: Given[] = [];
  let printed = '';
  const program = createProgram(version, (entry) =>
    given.push({ ...entry, raw: withoutSign(entry, args), origin: origin ?? entry.origin }),
  );
  program.configureOutput({ writeOut: (text) => (printed += text), writeErr: () => undefined });
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, origin);
    if (origin === undefined) return { kind: 'print', text: printed };
    const message = `${origin}: --help and --version are for the command line only`;
    throw new TsgunError('TSGUN_E_USAGE', message);
  }
  return { kind: 'settings', given };
}

function createProgram(version: string, add: (given: Given) => void): Command {
  const program = new Command('tsgun')
    .description('Serves an app from a supervised pool of workers.')
    .usage('[options] [APP]')
    .argument('[APP]', table.app.summary)
    .version(version, '-v, --version', 'Print the version and exit')
    .helpOption('-h, --help', 'Print this and exit')
    .configureHelp({ helpWidth: 80, minWidthToWrap: 30 })
    .addHelpText('after', '\n"tsgun init --help" tells how to make a configuration for an app.')
    .allowExcessArguments(false)
    .exitOverride()
    .showSuggestionAfterError(false)
    .action((app: string | undefined) => {
      if (app !== undefined) add({ name: 'app', raw: app, kind: 'text', origin: 'argument APP' });
    });
  for (const [section, settings] of Object.entries(sections)) {
    for (const name of Object.keys(settings) as SettingName[]) {
      if (name === 'app') continue;
      for (const option of optionsOf(name)) {
        option.helpGroup(`${section}:`);
        program.addOption(option);
        const raw = (value: unknown) => (value === null || value === undefined ? 'true' : value);
        program.on(`option:${option.name()}`, (value: unknown) =>
          add({
            name,
            raw: option.negate ? String(isNegation(name)) : raw(value),
            kind: 'text',
            origin: option.long ?? option.flags,
          }),
        );
      }
    }
  }
  return program;
}

/** `noControlSocket` is a switch of its own, and not the end of one. */
const isNegation = (name: SettingName): boolean => /^no[A-Z]/.test(name);

/** The flag itself, `--no-...` for what can be switched off, and Gunicorn's other names. */
function optionsOf(name: SettingName): Option[] {
  const setting: Setting<unknown> = table[name];
  const { metavar } = setting.schema;
  const value = metavar === null ? '' : ` <${metavar}>`;
  const short = setting.short === undefined ? '' : `-${setting.short}, `;
  const main = new Option(`${short}--${toKebab(name)}${value}`, describe(setting));
  const hidden = (setting.aliases ?? []).map((alias) => `--${alias}${value}`);
  if (metavar === null && !main.negate) hidden.push(`--no-${toKebab(name)}`);
  return [main, ...hidden.map((flags) => new Option(flags).hideHelp())];
}

/** Commander reads `-w=4` as the value "=4". */
function withoutSign({ name, raw }: Given, args: readonly string[]): unknown {
  const { short }: Setting<unknown> = table[name as SettingName];
  const joined = typeof raw === 'string' && raw.startsWith('=') && args.includes(`-${short}${raw}`);
  return joined ? raw.slice(1) : raw;
}

function describe({ summary, default: value, schema }: Setting<unknown>): string {
  if (schema.metavar === null || value === null) return summary;
  const text = describeValue(value);
  // Long defaults, like that of the access log format, are for the manual.
  return text === '' || text.length > 40 ? summary : `${summary} [${text}]`;
}

function usageError(error: CommanderError, origin?: string): TsgunError {
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll("'", '"');
  const flag = error.code === 'commander.unknownOption' ? /"(-[^"]*)"/.exec(text)?.[1] : undefined;
  const hint = (flag === undefined ? null : hintAt(flag)) ?? 'see "tsgun --help"';
  const where = origin === undefined ? '' : `${origin}: `;
  return new TsgunError('TSGUN_E_USAGE', `${where}${text}, ${hint}`, { cause: error });
}

function hintAt(flag: string): string | null {
  const long = flag.split('=')[0] ?? flag;
  if (isForeign(toSnake(long.slice(2)).replaceAll('-', '_')))
    return 'an option of Gunicorn, not supported by tsgun';
  const known = (Object.keys(table) as SettingName[]).flatMap((name) => {
    if (name === 'app') return [];
    const { aliases = [] }: Setting<unknown> = table[name];
    return [toKebab(name), ...aliases].map((long) => `--${long}`);
  });
  const meant = suggest(long, known);
  return meant === null ? null : `did you mean "${meant}"?`;
}

/** Splits as a shell does with quotes and backslashes, and expands nothing. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s"'\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/gsy;
  let end = 0;
  for (const match of line.matchAll(pattern)) {
    end = match.index + match[0].length;
    words.push(unquote(match[1] ?? ''));
  }
  if (line.slice(end).trim() !== '') {
    const message = `TSGUN_CMD_ARGS: a quote is not closed in ${JSON.stringify(line.slice(end).trim())}`;
    throw new TsgunError('TSGUN_E_USAGE', message);
  }
  return words;
}

const unquote = (word: string): string =>
  word.replaceAll(
    /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/gs,
    (_, escaped, single, double) =>
      escaped ?? single ?? String(double).replaceAll(/\\(["\\$`])/g, '$1'),
  );
