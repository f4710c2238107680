import type { Shape } from '../src/core/shape.ts';
import { gatewaysView } from '../src/protocol/control/gateways-view.ts';
import type { Kind, Param } from '../src/protocol/control/method.ts';
import { type MethodName, methodNames, methodOf } from '../src/protocol/control/methods.ts';
import { type NotificationName, notifications } from '../src/protocol/control/notifications.ts';
import {
  deathView,
  lastReload,
  listenerView,
  requestView,
  runningOperation,
  settingChange,
  settingView,
  statsView,
  statusView,
  traffic,
  workerOutcome,
  workerView,
} from '../src/protocol/control/views.ts';
import { describeType, listFields } from './fields.ts';
import { endSentence } from './settings.ts';

/** What more than one place answers with, or what is long. */
const objects: Readonly<Record<string, Shape<unknown>>> = {
  status: statusView,
  worker: workerView,
  request: requestView,
  listener: listenerView,
  traffic,
  gateways: gatewaysView,
  setting: settingView,
  change: settingChange,
  outcome: workerOutcome,
  operation: runningOperation,
  reload: lastReload,
  death: deathView,
  stats: statsView,
};

const named = new Map<unknown, string>(
  Object.entries(objects).map(([name, { json }]) => [json, name]),
);

/** An item for each object, with its fields. */
export const listObjects = (): string =>
  Object.entries(objects)
    .map(([name, { json }]) => `*${name}*\n\n{\n\n${listFields(json, named).join('\n')}\n\n}`)
    .join('\n\n');

const titles: Readonly<Record<Kind, string>> = {
  connection: 'Of the connection',
  query: 'Questions',
  operation: 'Operations',
};

/** `## Questions` and an item for each of the methods. */
export const listMethods = (): string =>
  Object.entries(titles)
    .map(([kind, title]) => {
      const names = methodNames.filter((name) => methodOf(name).kind === kind);
      return [`## ${title}`, ...names.map(describeMethod)].join('\n\n');
    })
    .join('\n\n');

function describeMethod(name: MethodName): string {
  const { role, summary, description, params, result } = methodOf(name);
  const text = [summary, ...(description === undefined ? [] : [description])].map(endSentence);
  const given = Object.entries(params).map(describeParam);
  const parts = given.length === 0 ? ['No parameters.'] : ['Parameters:', given.join('\n')];
  const item = `\`${name}\` (*${role}*)\n:   ${text.join(' ')}`;
  return [item, '{', ...parts, ...describeResult(result), '}'].join('\n\n');
}

function describeParam([name, { schema, summary, required }]: [string, Param]): string {
  const wanted = schema.fromValue(Symbol(name));
  const takes = wanted.ok ? 'any JSON' : wanted.expected;
  const need = required ? 'Required' : 'Optional';
  return `| \`${name}\` | ${endSentence(summary)} ${need}: ${takes}.`;
}

function describeResult({ json }: Shape<unknown>): string[] {
  const fields = named.has(json) ? [] : listFields(json, named);
  if (fields.length > 0) return ['Result:', fields.join('\n')];
  const { description } = json;
  const about = typeof description === 'string' ? ` ${endSentence(description)}` : '';
  return [`Result: ${describeType(json, named)}.${about}`];
}

const texts = {
  progress: 'How far an operation is, to those whose call has started it or waits for it.',
  event: 'Something has happened, to those who have subscribed to *events*.',
  log: 'A line of the error log, to those who have subscribed to *log*.',
  dropped: 'A subscription has ended, because too much was waiting to be read.',
} as const satisfies Record<NotificationName, string>;

export const listNotificationFields = (): string =>
  Object.entries(notifications)
    .map(([name, { json }]) => {
      const fields = listFields(json, named).join('\n');
      return `\`${name}\`\n:   ${texts[name as NotificationName]}\n\n{\n\n${fields}\n\n}`;
    })
    .join('\n\n');
