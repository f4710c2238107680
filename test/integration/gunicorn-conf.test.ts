import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../helpers/control.ts';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { get } from '../helpers/raw-request.ts';
import { root, runTsgun, startTsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const skip = needsPython();
const confs = path.join(root, 'test/fixtures/gunicorn-confs');

const app = `
import logging
import time

def app(environ, start_response):
    if environ["PATH_INFO"] == "/hang":
        while True:
            time.sleep(0.1)
    logging.getLogger("shop").warning("sold %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
`;

const port = 'bind = "127.0.0.1:0"\n';

/** A project as people have it: the app, and a gunicorn.conf.py beside it. */
function project(t: TestContext, conf: string, files: Record<string, string> = {}) {
  return writeFiles(makeTempDir(t), { 'app.py': app, 'gunicorn.conf.py': port + conf, ...files });
}

const ours = () => ['--python', pythonWith()];
const env = { PYTHONDONTWRITEBYTECODE: '1' };

const start = (t: TestContext, cwd: string, args: string[] = ['app:app'], waitUntilReady = true) =>
  startTsgun(t, [...ours(), ...args], { cwd, env, waitUntilReady });

const hooks = `
def post_fork(server, worker):
    server.log.info("post_fork %s %s", worker.pid, worker.age)
def post_worker_init(worker):
    worker.log.info("post_worker_init %s", callable(worker.app))
def pre_request(worker, req):
    worker.log.info("pre_request %s %s %s", req.method, req.path, req.query)
def post_request(worker, req, environ, resp):
    worker.log.info("post_request %s %s", resp.status, resp.sent)
def worker_exit(server, worker):
    worker.log.info("worker_exit %s", worker.pid)
def child_exit(server, worker):
    worker.log.info("child_exit %s", worker.pid)
`;

test('hooks of a gunicorn.conf.py run around a worker and its requests', { skip }, async (t) => {
  const tsgun = await start(t, project(t, hooks));
  const { body } = await get({ port: tsgun.port }, '/a?b=1');
  assert.equal(body, 'hello');
  assert.equal(await tsgun.stop(), 0);
  const said = [...tsgun.log.matchAll(/INFO\] ((?:post|pre|worker|child)_\w+ .*)/g)].map(
    ([, words = '']) => words.replaceAll(/\b\d{3,}$/g, 'PID').replaceAll(/\d{3,} (?=\d+$)/g, ''),
  );
  assert.deepEqual(
    said.map((words) => words.replace(/ \d+$/, '')),
    [
      'post_fork',
      'post_worker_init True',
      'pre_request GET /a b=1',
      'post_request 200 OK',
      'worker_exit PID',
      'child_exit PID',
    ],
  );
});

test('hooks run in preloaded workers as well, each with its own pid', { skip }, async (t) => {
  const cwd = project(t, `preload_app = True\nworkers = 2\n${hooks}`);
  const tsgun = await start(t, cwd);
  const pids = [...tsgun.log.matchAll(/post_fork (\d+)/g)].map(([, pid]) => Number(pid));
  assert.equal(new Set(pids).size, 2);
  for (const pid of pids) assert.match(tsgun.log, new RegExp(`Booting worker with pid: ${pid}`));
});

test('child_exit cleans up after a worker that was killed', { skip }, async (t) => {
  const cwd = project(t, '');
  copyFileSync(path.join(confs, 'prometheus.py'), path.join(cwd, 'gunicorn.conf.py'));
  const tsgun = await start(t, cwd, ['-b', '127.0.0.1:0', 'app:app']);
  const [, pid = '0'] = /Booting worker with pid: (\d+)/.exec(tsgun.log) ?? [];
  process.kill(Number(pid), 'SIGKILL');
  const dead = path.join(cwd, 'dead');
  await waitFor('the hook', () => existsSync(dead));
  assert.equal(readFileSync(dead, 'utf8'), `${pid}\n`);
});

test('what the app logs is formatted as logconfig_dict wants it', { skip }, async (t) => {
  const cwd = project(t, '');
  copyFileSync(path.join(confs, 'logs.py'), path.join(cwd, 'gunicorn.conf.py'));
  const tsgun = await start(t, cwd, ['-b', '127.0.0.1:0']);
  await get({ port: tsgun.port }, '/shoes');
  await tsgun.waitForLog(/ERROR\] WARNING\|shop\|sold \/shoes/);
  assert.match(
    tsgun.log,
    /WARNING\] gunicorn\.conf\.py:4: "logconfig_dict" is for what the app logs/,
  );
  assert.match(
    tsgun.log,
    /WARNING\] gunicorn\.conf\.py:10: "logger_class" is a setting of Gunicorn/,
  );
  assert.match(
    tsgun.log,
    /WARNING\] gunicorn\.conf\.py:11: "statsd_host" .+ does not speak statsd/,
  );
});

test('the line that is blamed is the one that was executed last', { skip }, async (t) => {
  const cwd = project(t, 'workers = 1\ntimeout = 5\nworkers = "many"\n');
  const ended = await runTsgun(t, [...ours(), '--check-config', 'app:app'], { cwd, env });
  assert.match(ended.log, /gunicorn\.conf\.py:4: workers: .+ not "many"/);
});

test('worker_abort runs in a worker that hangs, after its stack was taken', { skip }, async (t) => {
  const hook =
    'def worker_abort(worker):\n    worker.log.error("worker_abort %s", worker.aborted)\n';
  const tsgun = await start(t, project(t, `timeout = 1\n${hook}`));
  await get({ port: tsgun.port }, '/hang').catch(() => undefined);
  await tsgun.waitForLog(/ERROR\] worker_abort True/);
});

test('a reload reads the file anew, and one that is broken changes nothing', {
  skip,
}, async (t) => {
  const cwd = project(t, 'workers = 1\n');
  const tsgun = await start(t, cwd);
  const control = await connectControl(t, tsgun);
  writeFiles(cwd, { 'gunicorn.conf.py': `${port}workers = 1 / 0\n` });
  await assert.rejects(control.call('reload', {}), /ZeroDivisionError: division by zero/);
  assert.equal((await get({ port: tsgun.port }, '/')).body, 'hello');
  writeFiles(cwd, { 'gunicorn.conf.py': `${port}workers = 3\nkeyfile = "/x"\n` });
  await control.call('reload', {});
  await tsgun.waitForLog(/WARNING\] gunicorn\.conf\.py:3: "keyfile" is a setting of Gunicorn/);
  assert.equal([...tsgun.log.matchAll(/Booting worker with pid/g)].length, 4);
});

for (const [what, conf, code, says] of [
  ['cannot be executed', 'import no_such_module', 78, /line 2, in <module>\n.+No module named/s],
  ['has a bad value', 'workers = -1', 78, /gunicorn\.conf\.py:2: workers: expected a whole/],
  [
    'has a hook that keeps workers from starting',
    'def post_fork(server, worker): 1 / 0',
    3,
    /Zero/,
  ],
] as const) {
  test(`a gunicorn.conf.py that ${what} ends the start`, { skip }, async (t) => {
    const tsgun = await start(t, project(t, conf), ['app:app'], false);
    assert.equal((await tsgun.exited).code, code);
    assert.match(tsgun.log, says);
  });
}

test("the file is named in all of Gunicorn's ways", { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.py': app,
    'conf/deploy.py': 'workers = 7\n',
    'conf/__init__.py': '',
  });
  for (const named of ['conf/deploy.py', 'file:conf/deploy.py', 'python:conf.deploy']) {
    const args = [...ours(), '--print-config', '-c', named, 'app:app'];
    const { stdout } = await runTsgun(t, args, { cwd, env });
    assert.match(stdout, /^workers +. 7 +# (?:python:conf\.deploy|conf\/deploy\.py:1)$/m);
  }
});

test('a gunicorn.conf.py beside an app of Node.js is none of its business', { skip }, async (t) => {
  const cwd = project(t, 'workers = 7\n', { 'server.js': 'export default () => {};' });
  const { stdout } = await runTsgun(t, ['--print-config', 'server.js'], { cwd, env });
  assert.match(stdout, /^workers +. 1\b/m);
});

test('a check of the settings names what Gunicorn has and tsgun has not', { skip }, async (t) => {
  const own = 'def get_workers(): return 1\nworkers = get_workers()\n';
  const lacks =
    'certfile = "/x"\ndef ssl_context(config, make): pass\ndef when_redy(server): pass\n';
  const hook = 'def post_fork(server, worker): raise KeyError("a check starts no worker")\n';
  const cwd = project(t, lacks + own + hook);
  const { code, log } = await runTsgun(t, [...ours(), '--check-config', 'app:app'], { cwd, env });
  assert.match(log, /^tsgun: gunicorn\.conf\.py:2: "certfile" is a setting of Gunicorn/m);
  assert.match(log, /^tsgun: gunicorn\.conf\.py: "ssl_context" is a hook of Gunicorn that/m);
  assert.match(
    log,
    /^tsgun: gunicorn\.conf\.py: "when_redy" is no hook, did you mean "when_ready"/m,
  );
  assert.doesNotMatch(log, /get_workers/);
  assert.equal(code, 0);
});

test('the deploy of a Django project means what it meant', { skip }, async (t) => {
  const cwd = makeTempDir(t);
  const conf = path.join(confs, 'django.py');
  const args = [...ours(), '--print-config', '-c', conf, 'mysite.wsgi', '-k', 'sync'];
  const { stdout } = await runTsgun(t, args, { cwd, env });
  for (const [name, value] of Object.entries({
    bind: '["127.0.0.1:8001", "unix:/run/mysite.sock"]',
    timeout: '90',
    keepalive: '5',
    max_requests: '1000',
    chdir: JSON.stringify(confs),
    proc_name: '"mysite"',
    loglevel: '"info"',
    limit_request_fields: '32768',
    preload_app: 'true',
    pythonpath: JSON.stringify([path.join(confs, 'lib'), path.join(confs, 'vendor')]),
    forwarded_allow_ips: '["10.0.0.0/8", "127.0.0.1"]',
  })) {
    const [, shown = '', origin = ''] =
      new RegExp(`^${name} += (.*?) *# (.*)$`, 'm').exec(stdout) ?? [];
    assert.equal(shown.replaceAll(', ', ','), value.replaceAll(', ', ','), name);
    assert.match(origin, /django\.py:\d+$/);
  }
  assert.match(stdout, /^# umask +is not set/m);
});

test("Uvicorn's workers are asgi", { skip }, async (t) => {
  const main =
    'async def app(scope, receive, send):\n    assert scope["type"] == "http"\n    await send({"type": "http.response.start", "status": 200, "headers": []})\n    await send({"type": "http.response.body", "body": b"fast"})\n';
  const cwd = project(t, '', { 'main.py': main });
  copyFileSync(path.join(confs, 'uvicorn_worker.py'), path.join(cwd, 'gunicorn.conf.py'));
  const tsgun = await start(t, cwd, ['-b', '127.0.0.1:0']);
  assert.match(tsgun.log, /Using worker: asgi/);
  assert.match(tsgun.log, /Ready: 4 of 4/);
  assert.equal((await get({ port: tsgun.port }, '/')).body, 'fast');
});

test('variables that are for Gunicorn alone are named', { skip }, async (t) => {
  const cwd = project(t, '');
  const tsgun = await startTsgun(t, [...ours(), 'app:app'], {
    cwd,
    env: { ...env, GUNICORN_CMD_ARGS: '--workers 4' },
  });
  assert.match(
    tsgun.log,
    /WARNING\] GUNICORN_CMD_ARGS is for Gunicorn: tsgun reads TSGUN_CMD_ARGS/,
  );
});
