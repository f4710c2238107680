import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listControlExitCodes, listErrors, listExitCodes, listSignals } from './codes.ts';
import { fillTemplate, type Holes } from './fill-template.ts';
import { listArbiterHooks, listWorkerHooks } from './hooks.ts';
import { listInitOptions } from './init-options.ts';
import { renderRoff } from './roff.ts';
import { listMethods, listNotificationFields, listObjects } from './rpc-methods.ts';
import { listEvents, listLimits, listRpcErrors } from './rpc-tables.ts';
import { listFileless, listFileSettings, listFlags, listVariables } from './settings.ts';
import {
  listGlobalOptions,
  listNotifications,
  listOperations,
  listOtherMethods,
  listReadable,
  listVerbs,
} from './verbs.ts';

/** Day of the last change that readers should know of. */
const date = '2026-11-28';

/** What fills the holes of each page's template `PAGE.in`. */
const pages: Readonly<Record<string, () => Holes>> = {
  'tsgun.8': () => ({
    init: listInitOptions(),
    settings: listFlags(),
    signals: listSignals(),
    'exit-codes': listExitCodes(),
    errors: listErrors((error) => error.exitCode),
    variables: listVariables(),
  }),
  'tsgun.conf.5': () => ({
    settings: listFileSettings(),
    fileless: listFileless(),
    'arbiter-hooks': listArbiterHooks(),
    'worker-hooks': listWorkerHooks(),
  }),
  'tsgun-rpc.7': () => ({
    methods: listMethods(),
    objects: listObjects(),
    notifications: listNotificationFields(),
    events: listEvents(),
    errors: listRpcErrors(),
    limits: listLimits(),
  }),
  'tsgunctl.1': () => ({
    options: listGlobalOptions(),
    verbs: listVerbs(),
    'exit-codes': listControlExitCodes(),
    errors: listErrors((error) => error.controlExitCode),
    'other-methods': listOtherMethods(),
    notifications: `${listNotifications()}.`,
    readable: listReadable(),
    operations: listOperations(),
  }),
};

export const pageNames = Object.keys(pages);

/** Pages by their names, from the templates in `folder`. */
export function makePages(folder: string, version: string): Map<string, string> {
  return new Map(
    Object.entries(pages).map(([name, holes]) => {
      const template = readFileSync(path.join(folder, `${name}.in`), 'utf8');
      return [name, header(name, version) + renderRoff(fillTemplate(template, holes()))];
    }),
  );
}

function header(page: string, version: string): string {
  const section = path.extname(page).slice(1);
  const title = path.basename(page, `.${section}`).toUpperCase();
  return `.\\" Made by "npm run generate" from man/${page}.in: do not edit.\n.TH ${title} ${section} ${date} "tsgun ${version}" "tsgun manual"\n`;
}
