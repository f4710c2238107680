import { Command, CommanderError, Option as Flag } from 'commander';
import { suggest } from '../../src/core/suggest.ts';
import { methodOf } from '../../src/protocol/control/methods.ts';
import { globalOptions, longFlag, type Option } from '../../src/protocol/control/options.ts';
import { findVerb, flagOf, verbNames } from '../../src/protocol/control/verb-list.ts';
import { type Verb, verbGroups } from '../../src/protocol/control/verbs.ts';
import { usageError } from './globals.ts';
import { methodOfVerb } from './params.ts';
import type { RawLine } from './raw-line.ts';

/** A command line, or a question that is answered by text. */
export type Reading = { kind: 'line'; line: RawLine } | { kind: 'help'; text: string };

/** Reads a command line in all its forms. `verb` is the one in it, if there is one. */
export function readWithCommander(words: readonly string[], verb: Verb | undefined): Reading {
  const flags: Record<string, string | true> = {};
  let operands: readonly string[] = [];
  let text = '';
  const program = createProgram(verb ? [verb] : verbNames.flatMap((name) => findVerb(name) ?? []), {
    flag: (name, value) => {
      flags[name] = value;
    },
    done: (given) => {
      operands = given;
    },
  });
  configureAll(program, (more) => {
    text += more;
  });
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw wordError(error, verb);
    return { kind: 'help', text };
  }
  return { kind: 'line', line: { verb: verb?.name ?? null, operands, flags } };
}

/** All verbs in their groups. */
export function renderHelp(): string {
  const reading = readWithCommander(['--help'], undefined);
  return reading.kind === 'help' ? reading.text : '';
}

interface Takers {
  flag(name: string, value: string | true): void;
  done(operands: readonly string[]): void;
}

function createProgram(verbs: readonly Verb[], takers: Takers): Command {
  const program = new Command('tsgunctl')
    .description('Steers running instances of tsgun and tells the outcome.')
    .usage('[options] VERB [arguments]')
    .enablePositionalOptions()
    .action(() => takers.done([]));
  addOptions(program, globalOptions, takers, 'Options, before or after the verb:');
  for (const verb of verbs) program.addCommand(createCommand(verb, takers));
  program.addHelpText('after', '\n"tsgunctl VERB --help" tells more; all of it is in tsgunctl(1).');
  return program;
}

function createCommand(verb: Verb, takers: Takers): Command {
  const command = new Command(verb.name)
    .summary(verb.summary)
    .description([`${verb.summary}.`, ...describe(verb.name)].join('\n\n'))
    .helpGroup(`${groupOf(verb.name)}:`);
  for (const { name, required, summary } of verb.arguments) {
    command.argument(required ? `<${name}>` : `[${name}]`, summary);
  }
  addOptions(command, verb.options, takers, 'Options:');
  addOptions(command, globalOptions, takers, 'Options of every verb:');
  return command.action(() => takers.done(command.args));
}

/** What the method's table entry says, with its parameters as the flags they are here. */
function describe(verb: string): string[] {
  const method = methodOfVerb(verb);
  if (method === undefined) return [];
  const { description, params } = methodOf(method);
  const compound = Object.keys(params).filter((name) => name !== name.toLowerCase());
  return description === undefined
    ? []
    : [compound.reduce((text, name) => text.replaceAll(name, flagOf(name)), description)];
}

function addOptions(
  command: Command,
  options: readonly Option[],
  takers: Takers,
  group: string,
): void {
  for (const { flags, metavar, summary } of options) {
    const flag = new Flag(metavar === null ? flags : `${flags} <${metavar}>`, summary);
    flag.helpGroup(group);
    if (flags.includes('--help')) {
      command.addHelpOption(flag);
      continue;
    }
    command.addOption(flag);
    command.on(`option:${flag.name()}`, (value: unknown) =>
      takers.flag(longFlag(flags), metavar === null ? true : String(value)),
    );
  }
}

function configureAll(program: Command, write: (text: string) => void): void {
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .allowExcessArguments(false)
      .showSuggestionAfterError(false)
      .configureHelp({ helpWidth: 80, subcommandTerm: renderTerm })
      .configureOutput({ writeOut: write, writeErr: () => undefined });
  }
  program.addHelpCommand(
    new Command('help [VERB]')
      .description('Print help, of the verb if there is one')
      .helpGroup('Other:'),
  );
}

const renderTerm = (command: Command): string =>
  [
    command.name(),
    ...command.registeredArguments.map((argument) =>
      argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
    ),
  ].join(' ');

const groupOf = (verb: string): string =>
  Object.entries(verbGroups).find(([, names]) => names.some((name) => name === verb))?.[0] ??
  'Other';

function wordError(error: CommanderError, verb: Verb | undefined): Error {
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll("'", '"')
    .replace(/^option "(?:-\w, )?(--[^" <]+)[^"]*" argument missing$/, '$1: a value has to follow')
    .replace(/^missing required argument "(.*)"$/, '$1 is missing')
    .replace(/^too many arguments for "(.*)"\. .* got \d+: /, 'too many arguments for "$1": ');
  const flag = error.code === 'commander.unknownOption' ? /"(-[^"]*)"/.exec(text)?.[1] : undefined;
  const known = [...globalOptions, ...(verb?.options ?? [])].map(({ flags }) => longFlag(flags));
  const meant = flag === undefined ? null : suggest(flag.split('=')[0] ?? flag, known);
  const help = `see "tsgunctl ${verb ? `${verb.name} ` : ''}--help"`;
  return usageError(`${text}, ${meant === null ? help : `did you mean "${meant}"?`}`);
}
