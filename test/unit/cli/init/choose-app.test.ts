import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { chooseApp } from '../../../../src/cli/init/choose-app.ts';
import type { FoundApp } from '../../../../src/cli/init/found-app.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

const flask = 'from flask import Flask\napp = Flask(__name__)\n';
const factory = 'from flask import Flask\ndef create_app():\n    return Flask("x")\n';
const fastapi = 'from fastapi import FastAPI\napp = FastAPI()\n';
const wsgi =
  'from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n';
const asgi =
  'from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n';
const express = "const express = require('express');\nconst app = express();\napp.listen(3000);\n";
const handler = 'export default (req, res) => res.end();\n';

const json = (manifest: object) => JSON.stringify(manifest);

/** As it would be served: `FOLDER app`, the folder as seen from the one of the files. */
const describe = (root: string, { app, chdir, kind, pythonpath }: FoundApp): string => {
  const folder = path.relative(root, chdir) || '.';
  return `${kind}: ${folder} ${app}${pythonpath.map((one) => ` +${one}`).join('')}`;
};

function choose(t: TestContext, files: Record<string, string>, asked = '.'): string {
  const root = writeFiles(makeTempDir(t), files);
  return describe(root, chooseApp({ app: asked, chdir: null, cwd: root }).app);
}

const folders: [what: string, files: Record<string, string>, chosen: string][] = [
  ['app.py', { 'app.py': flask, 'models.py': 'x = 1' }, 'a Flask app: . app:app'],
  ['main.py of FastAPI', { 'main.py': fastapi }, 'a FastAPI app: . main:app'],
  ['a package', { 'shop/__init__.py': flask }, 'a Flask app: . shop:app'],
  [
    'wsgi.py before all',
    { 'wsgi.py': 'from shop import create_app\napp = create_app()', 'shop/__init__.py': factory },
    'a Flask app: . wsgi:app',
  ],
  ['a factory', { 'shop/__init__.py': factory }, 'a Flask app: . shop:create_app()'],
  [
    'the src layout',
    { 'src/shop/__init__.py': '', 'src/shop/web.py': fastapi },
    'a FastAPI app: . shop.web:app +src',
  ],
  ['a folder below', { 'backend/main.py': fastapi }, 'a FastAPI app: backend main:app'],
  [
    'Django, WSGI before ASGI',
    {
      'manage.py': 'x = 1',
      'site1/__init__.py': '',
      'site1/wsgi.py': wsgi,
      'site1/asgi.py': asgi,
      'package.json': json({ name: 'assets', devDependencies: { vite: '1' } }),
    },
    'a Django app: . site1.wsgi:application',
  ],
  [
    'Django with Channels',
    {
      'site1/__init__.py': '',
      'site1/wsgi.py': wsgi,
      'site1/asgi.py':
        'from channels.routing import ProtocolTypeRouter\napplication = ProtocolTypeRouter({})',
    },
    'a Django app: . site1.asgi:application',
  ],
  [
    'what tests and environments have, never',
    {
      'app.py': flask,
      'tests/app.py': flask,
      'env3/pyvenv.cfg': '',
      'env3/app.py': flask,
      'node_modules/x/app.py': flask,
    },
    'a Flask app: . app:app',
  ],
  [
    'the usual file before the unusual one',
    { 'app.py': flask, 'admin.py': flask },
    'a Flask app: . app:app',
  ],
  [
    'the start script before main',
    {
      'package.json': json({ main: 'lib.js', scripts: { start: 'node bin/www' } }),
      'lib.js': handler,
      'bin/www': "require('http').createServer(require('../app')).listen(3000)",
    },
    'a Node.js app: . bin/www',
  ],
  [
    'main',
    {
      'package.json': json({ main: 'lib/web', dependencies: { koa: '1' } }),
      'lib/web.js': "import './x.js'",
    },
    'a Koa app: . lib/web.js',
  ],
  [
    'usual names where main is not there',
    {
      'package.json': json({ main: 'index.js', dependencies: { express: '1' } }),
      'server.js': express,
    },
    'an Express app: . server.js',
  ],
  ['no package.json', { 'server.mjs': handler }, 'a Node.js app: . server.mjs'],
  [
    'the file that imports the other one',
    { 'app.js': express, 'server.js': "require('./app').listen(1)" },
    'a Node.js app: . server.js',
  ],
  [
    'a server before a library',
    { 'index.js': 'export const x = 1;', 'app.js': express },
    'an Express app: . app.js',
  ],
  [
    'the script for production',
    {
      'package.json': json({ scripts: { start: 'nest start', 'start:prod': 'node dist/main' } }),
      'dist/main.js': "const { NestFactory } = require('@nestjs/core');",
      'src/main.ts': 'x',
    },
    'a NestJS app: . dist/main.js',
  ],
];

for (const [what, files, chosen] of folders) {
  test(`chooseApp() finds ${what}`, (t) => {
    assert.equal(choose(t, files), chosen);
  });
}

test('chooseApp() takes a file, and what is named in it', (t) => {
  const files = {
    'package.json': json({ name: 'x' }),
    'lib/server.js': handler,
    'pkg/__init__.py': '',
    'pkg/two.py': `${flask}admin = Flask("admin")\n`,
    'plain.py': 'app = Something()\n',
    'make.py': factory,
  };
  assert.equal(choose(t, files, 'lib/server.js'), 'a Node.js app: . lib/server.js');
  assert.equal(choose(t, files, 'lib/server.js:handler'), 'a Node.js app: . lib/server.js:handler');
  assert.equal(choose(t, files, 'pkg/two.py'), 'a Flask app: . pkg.two:app');
  assert.equal(choose(t, files, 'pkg/two.py:admin'), 'a Flask app: . pkg.two:admin');
  assert.equal(choose(t, files, 'make.py:create_app()'), 'a Flask app: . make:create_app()');
  assert.equal(choose(t, files, 'make.py:create_app("x")'), 'a Flask app: . make:create_app("x")');
  assert.equal(choose(t, files, 'plain.py:app'), 'a Python app: . plain:app');
});

test('chooseApp() lets the folder be chosen', (t) => {
  const root = writeFiles(makeTempDir(t), { 'a/b/app.py': flask, 'a/server.js': handler });
  const at = (app: string, chdir: string) =>
    describe(root, chooseApp({ app, chdir: path.join(root, chdir), cwd: root }).app);
  assert.equal(at('a/b', 'a'), 'a Flask app: a b.app:app');
  assert.equal(at('a/b/app.py', '.'), 'a Flask app: . a.b.app:app');
  assert.equal(at('a/server.js', '.'), 'a Node.js app: . a/server.js');
  assert.equal(at('server.js:default', 'a'), 'a Node.js app: a server.js:default');
  assert.equal(at('pkg.mod:app', 'a'), 'a Python app: a pkg.mod:app');
});

test('chooseApp() keeps a link that leads to the current release', (t) => {
  const root = writeFiles(makeTempDir(t), { 'releases/7/app.py': flask });
  symlinkSync('releases/7', path.join(root, 'current'));
  const { app } = chooseApp({ app: 'current', chdir: null, cwd: root });
  assert.equal(app.chdir, path.join(root, 'current'));
});

function refusal(t: TestContext, files: Record<string, string>, asked = '.'): string {
  const root = writeFiles(makeTempDir(t), files);
  try {
    chooseApp({ app: asked, chdir: null, cwd: root });
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message.replaceAll(root, 'ROOT');
  }
  throw new Error('It was not refused');
}

test('chooseApp() names all that could be meant, as they can be chosen', (t) => {
  const two = refusal(t, { 'app.py': flask, 'main.py': fastapi, 'server.js': handler });
  assert.deepEqual(
    two.split('\n'),
    [
      'Cannot tell which app in "ROOT" is meant, choose one:',
      '  --app ROOT/server.js    a Node.js app (export default (req, res) => res.end();)',
      '  --app ROOT/app.py:app   a Flask app (app = Flask(__name__))',
      '  --app ROOT/main.py:app  a FastAPI app (app = FastAPI())',
    ].map((line) => line.trimEnd()),
  );
  assert.match(
    refusal(t, { 'a/app.py': flask, 'b/app.py': flask }),
    /a\/app\.py:app[\s\S]*b\/app\.py:app/,
  );
});

test('chooseApp() says why nothing is found', (t) => {
  assert.match(refusal(t, {}), /^Cannot find an app in "ROOT": neither .*\nName it: --app /);
  const unbuilt = json({ scripts: { start: 'node dist/main.js', build: 'tsc' } });
  assert.match(
    refusal(t, { 'package.json': unbuilt }),
    /starts "dist\/main\.js", which is not there: build the app first \(npm run build\)/,
  );
  assert.match(
    refusal(t, { 'package.json': json({ main: 'x.js' }) }),
    /its package\.json names "x\.js", which is not there/,
  );
  assert.match(refusal(t, { 'manage.py': '' }), /manage\.py" is Django's, but no wsgi\.py/);
  assert.match(refusal(t, { 'models.py': 'x = 1' }, 'models.py'), /name the app in it/);
  assert.match(refusal(t, {}, 'gone'), /^init: "gone" is no file and no folder, see/);
  assert.match(refusal(t, {}, 'pkg.mod:app'), /for a module --chdir has to name its folder/);
});

test('chooseApp() is not held up by what is no file', async (t) => {
  const root = makeTempDir(t);
  const { execFileSync } = await import('node:child_process');
  execFileSync('mkfifo', [path.join(root, 'app.py'), path.join(root, 'package.json')]);
  mkdirSync(path.join(root, 'server.js'));
  symlinkSync('main.py', path.join(root, 'main.py'));
  assert.throws(() => chooseApp({ app: '.', chdir: null, cwd: root }), /Cannot find an app/);
});

test('chooseApp() names no more than can be read', (t) => {
  const many = Array.from({ length: 30 }, (_, index) => [`p${index}/app.py`, flask] as const);
  const lines = refusal(t, Object.fromEntries(many)).split('\n');
  assert.equal(lines.length, 12);
  assert.equal(lines.at(-1), '  ... and 20 more');
});

test('chooseApp() calls an app what it is, whatever lies beside it', (t) => {
  const plain = 'def app(environ, start_response):\n    return []\n';
  assert.equal(choose(t, { 'app.py': plain, 'lib/web.py': flask }), 'a plain WSGI app: . app:app');
});
