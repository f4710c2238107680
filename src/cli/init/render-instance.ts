import { toSnake } from '../../settings/names.ts';
import type { SettingName } from '../../settings/table.ts';
import { renderText } from '../print-config.ts';
import type { Workers } from './choose-workers.ts';
import { type FoundApp, harmless } from './found-app.ts';
import { showFrom } from './read-source.ts';

/** All that a configuration says. */
export interface Instance {
  name: string;
  app: FoundApp;
  /** As seen from the app's folder; null for the one that is found anyway. */
  python: string | null;
  /** Only where names alone do not tell what is to run the app. */
  workerClass: 'node' | 'sync' | 'asgi' | null;
  bind: readonly string[];
  workers: Workers;
}

/** `app.py, app = Flask(__name__)` */
export function describeEvidence({ chdir, file, line }: FoundApp): string {
  const where = file === chdir ? '' : showFrom(chdir, file);
  const parts = [where, line ?? ''].filter((part) => part !== '');
  return harmless(parts.join(': ').replaceAll('\n', '?'));
}

/** The text of the file: what is set, why, and what comes next for most. */
export function renderInstance(instance: Instance): string {
  const parts = [head(instance), appPart(instance), bindPart(instance), workersPart(instance)];
  return `${[...parts, environmentPart(instance), logPart(instance)].map(join).join('\n\n')}\n`;
}

const join = (lines: readonly string[]): string => lines.filter((line) => line !== '').join('\n');

const set = (name: SettingName, value: unknown): string => {
  const many = Array.isArray(value);
  const text = many ? `[${value.map(renderText).join(', ')}]` : renderText(value);
  return `${toSnake(name)} = ${text}`;
};

function head({ name, app }: Instance): string[] {
  const evidence = describeEvidence(app);
  return [
    `# Instance "${name}" of tsgun: ${app.kind}${evidence === '' ? '' : ` (${evidence})`}.`,
    `# Made by "tsgun init"; yours from now on. tsgun.conf(5) tells of all settings.`,
    `# After a change: systemctl reload tsgun@${name}`,
  ];
}

function appPart({ name, app, python, workerClass }: Instance): string[] {
  return [
    `# It may write to /var/lib/tsgun/${name}; ReadWritePaths= in "systemctl edit tsgun@${name}" adds more.`,
    set('chdir', app.chdir),
    set('app', app.app),
    app.pythonpath.length === 0 ? '' : set('pythonpath', app.pythonpath),
    python === null ? '' : set('python', python),
    app.language === 'node' ? ownNode : '',
    workerClass === null ? '' : set('workerClass', workerClass),
  ];
}

const ownNode = '# node = "/usr/bin/node"  # else the one of tsgun runs the workers';

const bindPart = ({ bind }: Instance): string[] => [
  '# Only this machine reaches 127.0.0.1. Everybody on port 80: [":80"]',
  set('bind', bind),
];

function workersPart({ app, workers }: Instance): string[] {
  const threads = '# threads = 4  # requests at once in each worker, if the app is thread-safe';
  return [
    workers.because === null ? '' : `# ${workers.because}.`,
    set('workers', workers.count),
    app.style === 'wsgi' ? threads : '',
  ];
}

function environmentPart({ name, app }: Instance): string[] {
  const variable = app.language === 'node' ? 'NODE_ENV' : 'NAME';
  return [
    `# Variables for the app. Secrets are better off in /etc/default/tsgun-${name}, with mode 600.`,
    variable === 'NODE_ENV' ? set('rawEnv', ['NODE_ENV=production']) : '# raw_env = ["NAME=value"]',
    app.kind.includes('Django') ? staticFiles : '',
  ];
}

const staticFiles = [
  '',
  '# What "manage.py collectstatic" has put there; Django never sees these requests.',
  '# static = ["/static/=staticfiles"]',
].join('\n');

const logPart = ({ name }: Instance): string[] => [
  `# A line for each request; everything else is in the journal: journalctl -u tsgun@${name}`,
  set('accesslog', `/var/log/tsgun/${name}/access.log`),
];
