import { type MethodName, methodNames, methodOf } from '../src/protocol/control/methods.ts';
import { notifications } from '../src/protocol/control/notifications.ts';
import { globalOptions, type Option } from '../src/protocol/control/options.ts';
import { findVerb, flagOf } from '../src/protocol/control/verb-list.ts';
import { methodsWithoutVerb, type VerbName, verbGroups } from '../src/protocol/control/verbs.ts';
import { endSentence } from './settings.ts';

/** `## Look` and an item for each of its verbs. */
export const listVerbs = (): string =>
  Object.entries(verbGroups)
    .map(([group, names]) => [`## ${group}`, ...names.map(verb)].join('\n\n'))
    .join('\n\n');

function verb(name: VerbName): string {
  const found = findVerb(name);
  if (!found) throw new Error(`There is no verb "${name}"`);
  const words = [
    `\`${name}\``,
    ...found.arguments.map((one) => (one.required ? `*${one.name}*` : `[*${one.name}*]`)),
  ];
  const details = [
    ...found.arguments.map((one) => `*${one.name}*\n:   ${endSentence(one.summary)}`),
    ...found.options.map(option),
  ];
  const text = [endSentence(found.summary), ...describe(name)].join(' ');
  return withDetails(`${words.join(' ')}\n:   ${text}`, details);
}

const withDetails = (item: string, details: readonly string[]): string =>
  details.length === 0 ? item : [item, '{', ...details, '}'].join('\n\n');

/** What the method's table entry says, with flags for its parameters. */
function describe(verb: VerbName): string[] {
  const method = methodNames.find((known) => known === verb);
  if (method === undefined) return [];
  const { description, params } = methodOf(method);
  if (description === undefined) return [];
  const camel = Object.keys(params).filter((name) => /[A-Z]/.test(name));
  const text = camel.reduce(
    (all, name) => all.replaceAll(name, `\`${flagOf(name)}\``),
    description,
  );
  return [endSentence(text)];
}

function option({ flags, metavar, summary }: Option): string {
  const value = metavar === null ? '' : ` *${metavar}*`;
  const term = flags
    .split(', ')
    .map((one) => `\`${one}\`${value}`)
    .join(', ');
  return `${term}\n:   ${endSentence(summary)}`;
}

export const listGlobalOptions = (): string => globalOptions.map(option).join('\n\n');

/** What `call` is for. */
export const listOtherMethods = (): string => methodsWithoutVerb.map(otherMethod).join('\n\n');

function otherMethod(name: MethodName): string {
  const { params, summary, description } = methodOf(name);
  const text = [summary, ...(description === undefined ? [] : [description])].map(endSentence);
  const given = Object.entries(params).map(
    ([param, { summary: about }]) => `\`${param}\`\n:   ${endSentence(about)}`,
  );
  return withDetails(`\`${name}\`\n:   ${text.join(' ')}`, given);
}

export const listNotifications = (): string =>
  Object.keys(notifications)
    .map((name) => `\`${name}\``)
    .join(', ');

const listMethods = (names: readonly string[]): string =>
  `${names.map((name) => `\`${name}\``).join(', ')}.`;

/** What a caller who may only look may call. */
export const listReadable = (): string =>
  listMethods(methodNames.filter((name) => methodOf(name).role === 'read'));

export const listOperations = (): string =>
  listMethods(methodNames.filter((name) => methodOf(name).kind === 'operation'));
