import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectControl, controlPath, failureOf } from '../helpers/control.ts';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { startTsgunPython } from '../helpers/python-server.ts';
import { get } from '../helpers/raw-request.ts';
import { startCtl } from '../helpers/run-ctl.ts';
import { runTsgun } from '../helpers/start-tsgun.ts';
import { hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const skip = needsPython();

const wsgi = (text: string): string => `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"${text}"]
`;

const raising = `
def connect_to_nowhere():
    raise ConnectionError("no database at import")

connect_to_nowhere()
`;

/** The traceback from its first line to its last. */
const traceback =
  /Traceback \(most recent call last\):[\s\S]*File ".*app\.py", line 5[\s\S]*in connect_to_nowhere[\s\S]*ConnectionError: no database at import/;

for (const { what, files, app, code, message } of [
  {
    what: 'raises at import',
    files: { 'app.py': raising },
    app: 'app:app',
    code: 4,
    message: traceback,
  },
  {
    what: 'has a syntax error',
    files: { 'app.py': 'def app(:\n' },
    app: 'app:app',
    code: 4,
    message: /File ".*app\.py", line 1[\s\S]*SyntaxError/,
  },
  {
    what: 'imports what is not there',
    files: { 'app.py': 'import no_such_library\n' },
    app: 'app:app',
    code: 4,
    message: /ModuleNotFoundError: No module named 'no_such_library'/,
  },
  {
    what: 'has no such name',
    files: { 'app.py': wsgi('x') },
    app: 'app:nothing',
    code: 4,
    message: /nothing/,
  },
  {
    what: 'is not callable',
    files: { 'app.py': 'app = 42\n' },
    app: 'app:app',
    code: 4,
    message: /callable/,
  },
  {
    what: 'has a factory that raises',
    files: { 'app.py': 'def make():\n    raise ValueError("made wrongly")\n' },
    app: 'app:make()',
    code: 4,
    message: /in make[\s\S]*ValueError: made wrongly/,
  },
  {
    what: 'leaves at import',
    files: { 'app.py': 'raise SystemExit(9)\n' },
    app: 'app:app',
    code: 4,
    message: /SystemExit/,
  },
]) {
  test(`an app that ${what} ends the start with the reason`, { skip }, async (t) => {
    const cwd = writeFiles(makeTempDir(t), files);
    const args = ['--python', pythonWith(), '-k', 'sync', app];
    const ended = await runTsgun(t, args, { cwd });
    assert.equal(ended.code, code, ended.log);
    assert.match(ended.log, message);
  });
}

test('a Python that is not there is named', { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.py': wsgi('x') });
  const ended = await runTsgun(t, ['--python', '/no/such/python3', 'app:app'], { cwd });
  assert.notEqual(ended.code, 0);
  assert.match(ended.log, /\/no\/such\/python3/);
});

test('module and attribute forms', { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'package/__init__.py': '',
    'package/web.py': `${wsgi('attribute')}\nclass holder:\n    app = staticmethod(app)\n`,
    'named.py': wsgi('application').replace('def app', 'def application'),
    'made.py': `${wsgi('made')}\ndef make(name="x"):\n    return app\n`,
  });
  const forms = {
    'package.web:holder.app': 'attribute',
    named: 'application',
    'made:make()': 'made',
    'made:make(name="y")': 'made',
  };
  for (const [app, body] of Object.entries(forms)) {
    const tsgun = await startTsgunPython(t, 'auto', app, { chdir: cwd });
    assert.equal((await get({ port: tsgun.port }, '/')).body, body, app);
    assert.equal(await tsgun.stop(), 0);
  }
});

test('a reload of code that cannot be imported keeps the old code', { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.py': wsgi('old') });
  const tsgun = await startTsgunPython(t, 'sync', 'app:app', { chdir: cwd, ours: ['-w', '2'] });
  const control = await connectControl(t, tsgun);
  const target = { port: tsgun.port };
  const clients = hammer(t, { target, connections: 4, keepAlive: false });
  writeFiles(cwd, { 'app.py': raising });

  const failure = await failureOf(control.call('reload', {}));
  assert.match(failure.message, /no database at import/);
  const ended = await startCtl(t, ['-s', controlPath(tsgun), 'reload']).ended;
  assert.equal(ended.code, 1);
  assert.match(ended.stdout + ended.stderr, traceback);
  assert.match(tsgun.log, traceback);
  const status = await startCtl(t, ['-s', controlPath(tsgun), 'status']).ended;
  assert.match(status.stdout, /^reload .*ConnectionError: no database at import$/m);
  assert.equal((await get(target, '/')).body, 'old');

  writeFiles(cwd, { 'app.py': wsgi('new') });
  await control.call('reload', {});
  await waitFor('the new code', async () => (await get(target, '/')).body === 'new');
  await clients.stop();
  assert.deepEqual(clients.failures, []);
  assert.equal(await tsgun.stop(), 0);
});

test('an app that eats memory is replaced by max_memory', { skip }, async (t) => {
  const ours = ['--max-memory', '150M'];
  const tsgun = await startTsgunPython(t, 'sync', 'wsgi_bad:app', { ours });
  const target = { port: tsgun.port };
  assert.equal((await get(target, '/eats?300')).body, 'eaten');
  await tsgun.waitForLog(/Booting worker/, 2);
  assert.equal((await get(target, '/')).body, 'fine');
  assert.equal(await tsgun.stop(), 0);
});

test('logging keeps level and traceback', { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.py': `
import logging

logger = logging.getLogger("shop")

def app(environ, start_response):
    logger.warning("a warning with %s", "arguments")
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("it went wrong")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"logged"]
`,
  });
  const tsgun = await startTsgunPython(t, 'sync', 'app:app', { chdir: cwd });
  assert.equal((await get({ port: tsgun.port }, '/')).body, 'logged');
  await tsgun.waitForLog(/\[WARNING\].*a warning with arguments/);
  await tsgun.waitForLog(/\[ERROR\].*it went wrong[\s\S]*KeyError: 'lost'/);
});

test('an ASGI app in a worker for WSGI is told at the start', { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.py': 'async def app(scope, receive, send):\n    pass\n',
  });
  const tsgun = await startTsgunPython(t, 'sync', 'app:app', { chdir: cwd });
  assert.match(tsgun.log, /WARNING\] The app is ASGI, and sync workers serve WSGI/);
});
