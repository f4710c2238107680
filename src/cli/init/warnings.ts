import path from 'node:path';
import { defaultNames } from '../config-file.ts';
import { describeMode, findObstacle, findReader, isKnown } from './access.ts';
import type { FoundApp } from './found-app.ts';
import { isFile, isFolder, readSource } from './read-source.ts';

/** What would keep the service from running an app that runs well by hand. */
export function findWarnings(app: FoundApp, python: string | null, user: string): string[] {
  return [
    ...warnOfUser(user),
    ...warnOfAccess(app, python, user),
    ...warnOfSandbox(app.chdir),
    ...warnOfDatabase(app),
    ...warnOfConfig(app),
  ];
}

/** That of the package may come with it. */
const warnOfUser = (user: string): string[] =>
  user === 'tsgun' || isKnown(findReader(user)) ? [] : [`There is no user "${user}" here`];

function warnOfAccess({ chdir, file }: FoundApp, python: string | null, user: string): string[] {
  const reader = findReader(user);
  const interpreter = python === null ? null : path.resolve(chdir, python);
  const obstacles = [
    findObstacle(reader, chdir, 'run'),
    isFile(file) ? findObstacle(reader, file, 'read') : null,
    interpreter === null ? null : findObstacle(reader, interpreter, 'run'),
  ].filter((obstacle) => obstacle !== null);
  return [...new Set(obstacles)].map((obstacle) => {
    const what = isFolder(obstacle) ? 'enter' : 'read';
    return `The user "${user}" cannot ${what} "${obstacle}" (${describeMode(obstacle)}): let it, move the app to a place such as /srv, or name the owner of the app by --user`;
  });
}

/** The unit's PrivateTmp=yes and ProtectHome=read-only. */
function warnOfSandbox(chdir: string): string[] {
  if (/^\/(?:var\/)?tmp(?:\/|$)/.test(chdir)) {
    return [`"${chdir}" is not there for the service, whose /tmp and /var/tmp are its own`];
  }
  if (/^\/(?:home|root)(?:\/|$)/.test(chdir)) {
    return [
      `The service can at most read "${chdir}", and not write there: the unit has ProtectHome=read-only`,
    ];
  }
  return [];
}

/** What "django-admin startproject" has set keeps the database where the service cannot write. */
function warnOfDatabase({ kind, file }: FoundApp): string[] {
  const settings = path.join(path.dirname(file), 'settings.py');
  if (!kind.includes('Django') || !readSource(settings)?.includes('backends.sqlite3')) return [];
  return [
    `"${settings}" keeps an SQLite database; the service can write to it only in its $STATE_DIRECTORY, or where ReadWritePaths= of the unit lets it`,
  ];
}

/** By hand `tsgun` would take it, and the service has the file that we write. */
function warnOfConfig({ chdir, language }: FoundApp): string[] {
  const names = language === 'python' ? [...defaultNames, 'gunicorn.conf.py'] : defaultNames;
  const found = names.map((name) => path.join(chdir, name)).find(isFile);
  if (found === undefined) return [];
  return [`The service does not read "${found}"; SYSTEMD in tsgun(8) tells how to let it`];
}
