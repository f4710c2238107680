import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { findLanguage } from '../../../src/arbiter/app-language.ts';
import type { WorkerClass } from '../../../src/settings/table/workers.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const files = {
  'server.js': '',
  'app.py': '',
  'both.js': '',
  'both.py': '',
  'web/package.json': '{}',
  'web/handler.ts': '',
  'shop/__init__.py': '',
  'shop/wsgi.py': '',
  'plain/deep/asgi.py': '',
  'fast.cpython-311-x86_64-linux-gnu.so': '',
  'lib/extra.py': '',
};

interface Case {
  app: string;
  is: string;
  workerClass?: WorkerClass;
}

const cases: readonly Case[] = [
  { app: 'server.js', is: 'node server.js' },
  { app: './server', is: 'node ./server' },
  { app: 'server:handler', is: 'node server:handler' },
  { app: 'web', is: 'node web' },
  { app: 'web/handler.ts:default', is: 'node web/handler.ts:default' },
  { app: 'nowhere.js', is: 'node nowhere.js' },
  { app: 'src/nowhere', is: 'node src/nowhere' },
  { app: 'app', is: 'python app' },
  { app: 'app:app', is: 'python app:app' },
  { app: 'app:create_app()', is: 'python app:create_app()' },
  { app: "app:make('x', debug=True)", is: "python app:make('x', debug=True)" },
  { app: 'shop:site.app', is: 'python shop:site.app' },
  { app: 'shop.wsgi', is: 'python shop.wsgi' },
  { app: 'plain.deep.asgi:app', is: 'python plain.deep.asgi:app' },
  { app: 'fast:app', is: 'python fast:app' },
  { app: 'extra:app', is: 'python extra:app' },
  { app: 'app.py', is: 'python app' },
  { app: './app.py:create()', is: 'python app:create()' },
  { app: 'plain/deep/asgi.py:app', is: 'python plain.deep.asgi:app' },
  { app: 'both', workerClass: 'node', is: 'node both' },
  { app: 'both', workerClass: 'sync', is: 'python both' },
  { app: 'installed.somewhere:app', workerClass: 'asgi', is: 'python installed.somewhere:app' },
];

function find(t: TestContext, { app, workerClass = 'auto' }: Omit<Case, 'is'>): string {
  const chdir = writeFiles(makeTempDir(t), files);
  const found = findLanguage({ app, chdir, pythonpath: [path.join(chdir, 'lib')], workerClass });
  return `${found.language} ${found.app}`;
}

for (const { is, ...one } of cases)
  test(`${one.app} (${one.workerClass ?? 'auto'}) is ${is}`, (t) => {
    assert.equal(find(t, one), is);
  });

for (const { app, says } of [
  {
    app: 'both:app',
    says: /"both:app" is: ".*both\.js" of Node\.js or ".*both\.py" of Python; choose/,
  },
  {
    app: 'missing:app',
    says: /Cannot find the app "missing:app": .* no such module .*worker_class/,
  },
  { app: '../elsewhere/app.py', says: /give the name of its module, and its folder by chdir/ },
])
  test(`${app} cannot be told`, (t) => {
    assert.throws(() => find(t, { app }), { code: 'TSGUN_E_SETTINGS', message: says });
  });
