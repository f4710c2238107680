import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPythonApps } from '../../../../src/cli/init/python-source.ts';

const sources: [what: string, source: string, found: string[]][] = [
  ['Flask', 'from flask import Flask\napp = Flask(__name__)\n', ['app: a Flask app']],
  [
    'Flask by its module',
    'import flask\nweb: flask.Flask = flask.Flask(__name__)\n',
    ['web: a Flask app'],
  ],
  [
    'FastAPI',
    'from fastapi import FastAPI\napp = FastAPI(\n  title="x",\n)\n',
    ['app: a FastAPI app'],
  ],
  [
    'Starlette',
    'from starlette.applications import Starlette\napp = Starlette()',
    ['app: a Starlette app'],
  ],
  ['Quart', 'from quart import Quart\napp = Quart(__name__)', ['app: a Quart app']],
  [
    'Django for WSGI',
    'from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()',
    ['application: a Django app'],
  ],
  ['a class of that name from elsewhere', 'from mine import Flask\napp = Flask()', []],
  ['a docstring', '"""Use it so:\n\nfrom flask import Flask\napp = Flask(__name__)\n"""\n', []],
  ['a docstring without an end', 'import flask\n"""\napp = flask.Flask(__name__)\n', []],
  ['a comment', 'import flask\n# app = flask.Flask(__name__)\n', []],
  ['an app that is local', 'import flask\ndef main():\n    app = flask.Flask(__name__)\n', []],
  ['a comparison', 'import flask\napp == flask.Flask("x")\n', []],
  ['plain WSGI', 'def app(environ, start_response):\n    return []\n', ['app: a plain WSGI app']],
  [
    'plain WSGI with types',
    'def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:\n',
    ['app: a plain WSGI app'],
  ],
  ['plain ASGI', 'async def app(scope, receive, send):\n    pass\n', ['app: a plain ASGI app']],
  [
    'a factory',
    'from flask import Flask\n\ndef create_app(config=None, *, debug=(1, 2)):\n    app = Flask(__name__)\n    return app\n',
    ['create_app(): a Flask app'],
  ],
  [
    'a factory over several lines',
    'from fastapi import FastAPI\ndef make_app(\n    debug: bool = False,  # ha\n) -> FastAPI:\n    app = FastAPI()\n\n    return app\n\nx = 1\n',
    ['make_app(): a FastAPI app'],
  ],
  [
    'a factory that needs something',
    'import flask\ndef create_app(config):\n    return flask.Flask("x")\n',
    [],
  ],
  [
    'a factory of something else',
    'import flask\ndef create_app():\n    return Thing()\nx = Flask\n',
    [],
  ],
  [
    'a factory and its product',
    'import flask\ndef create_app():\n    return flask.Flask("x")\n\napp = create_app()\n',
    ['app: a Flask app', 'create_app(): a Flask app'],
  ],
  [
    'a factory from elsewhere',
    'from shop import create_app\napp = create_app("prod")\n',
    ['app: a Python app'],
  ],
  [
    'Channels',
    'from django.core.asgi import get_asgi_application\nfrom channels.routing import ProtocolTypeRouter\napplication = ProtocolTypeRouter({\n',
    ['application: a Django app'],
  ],
  ['nothing', '', []],
];

for (const [what, source, found] of sources) {
  test(`findPythonApps() reads ${what}`, () => {
    const apps = findPythonApps(source, null).map(
      ({ expression, kind }) => `${expression}: ${kind}`,
    );
    assert.deepEqual(apps, found);
  });
}

test('findPythonApps() takes what wsgi.py and asgi.py have under the usual names', () => {
  const read = (source: string, usual: 'wsgi' | 'asgi' | null) =>
    findPythonApps(source, usual).map(({ expression, style }) => [expression, style]);
  assert.deepEqual(read('from shop import app', 'wsgi'), [['app', 'wsgi']]);
  assert.deepEqual(read('from shop import (a, web as application)  # x', 'asgi'), [
    ['application', 'asgi'],
  ]);
  assert.deepEqual(read('application = Middleware(inner)', 'wsgi'), [['application', 'wsgi']]);
  assert.deepEqual(read('from shop import apple, snapp', 'wsgi'), []);
  assert.deepEqual(read('from shop import app', null), []);
});

test('findPythonApps() tells the line, without what a terminal would obey', () => {
  const line = (source: string) => findPythonApps(`import flask\n${source}`, null)[0]?.line;
  assert.equal(line('app  =\tflask.Flask(__name__)'), 'app = flask.Flask(__name__)');
  assert.equal(line('app = flask.Flask("\x1b[2J")'), 'app = flask.Flask("?[2J")');
  assert.equal(line('app = flask.Flask('), 'app = flask.Flask(...');
  assert.equal(line(`app = flask.Flask("${'x'.repeat(90)}")`)?.length, 60);
});

test('findPythonApps() takes no long time for hostile text', () => {
  const hostile = [
    `def create_app(${'('.repeat(50_000)}`,
    'def create_app(\n'.repeat(10_000),
    `app = ${'a.'.repeat(50_000)}`,
    `from x import ${'app '.repeat(50_000)}`,
    `def app(environ${', start_response'.repeat(1)}${','.repeat(100_000)}`,
    '"""'.repeat(50_001),
  ];
  const start = performance.now();
  for (const text of hostile) findPythonApps(text, 'wsgi');
  assert.ok(performance.now() - start < 5000);
});
