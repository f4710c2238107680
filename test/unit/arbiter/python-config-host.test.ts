import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ScriptConfig } from '../../../src/arbiter/script-config.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { pythonFolder } from '../../../src/process/python-interpreter.ts';
import { type Spawn, spawnChild } from '../../../src/process/spawn.ts';
import { isAlive } from '../../helpers/processes.ts';
import { needsPython, pythonWith } from '../../helpers/python.ts';
import { root } from '../../helpers/start-tsgun.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const skip = needsPython();
const confs = path.join(root, 'test/fixtures/gunicorn-confs');

/** Loads a file as tsgun does; its process has gone when the test is over. */
async function open(t: TestContext, location: string, cwd = confs) {
  const pids: number[] = [];
  const spawn: Spawn = (request) => {
    const child = spawnChild({ ...request, output: 'ignore' });
    if (child.pid !== undefined) pids.push(child.pid);
    return child;
  };
  let config: ScriptConfig | undefined;
  t.after(() => {
    config?.close();
    return waitFor('the end of every host', () => !pids.some(isAlive));
  });
  const env = { PATH: process.env['PATH'] ?? '', PYTHONDONTWRITEBYTECODE: '1' };
  const args = ['-m', 'tsgun_python.config_host', cwd, cwd, location];
  const host = { file: pythonWith(), args, cwd: pythonFolder };
  config = await ScriptConfig.open({ path: location, cwd, env, spawn, clock: systemClock, host });
  const logged: string[] = [];
  config.journal.writeTo(({ level, message }) => void logged.push(`${level} ${message}`));
  return { config, logged, pids };
}

const openText = (t: TestContext, text: string, files: Record<string, string> = {}) => {
  const dir = writeFiles(makeTempDir(t), { ...files, 'conf.py': text });
  return open(t, path.join(dir, 'conf.py'), dir);
};

const server = {
  pid: 42,
  version: '1.2.3',
  workers: 3,
  generation: 1,
  addresses: ['127.0.0.1:8000', '[::1]:80', 'unix:/run/app.sock'],
};
const dead = { slot: 1, pid: 77, generation: 1, reason: 'crashed', code: 3, signal: null };

test('a gunicorn.conf.py tells its values as JSON has them, and its functions', {
  skip,
}, async (t) => {
  const { config } = await open(t, path.join(confs, 'django.py'));
  const { values } = config;
  assert.equal(values['wsgi_app'], 'mysite.wsgi:application');
  assert.equal(values['chdir'], confs);
  assert.equal(values['timeout'], '90');
  assert.equal(typeof values['workers'], 'number');
  assert.equal(values['release'], '1.2.3');
  assert.ok(!('os' in values) && !('multiprocessing' in values));
  assert.deepEqual([...config.functions].sort(), ['getRelease', 'whenReady']);
});

test('classes are told by name, and what JSON lacks as Python writes it', { skip }, async (t) => {
  const text =
    'class Own: pass\nworker_class = Own\ntimeout = 1j\nbind = ("a", "b")\nx = float("inf")';
  const { config } = await openText(t, text);
  assert.equal(config.values['worker_class'], '__config__.Own');
  assert.deepEqual(config.values['timeout'], { python: '1j' });
  assert.deepEqual(config.values['bind'], ['a', 'b']);
  assert.deepEqual(config.values['x'], { python: 'inf' });
});

test('hooks of the arbiter run in Python and log to the error log', { skip }, async (t) => {
  const { config, logged } = await open(t, path.join(confs, 'hooks.py'));
  config.learn({ proc_name: 'learnt', workers: 3 });
  const calls: [string, unknown[]][] = [
    ['onStarting', []],
    ['onReload', []],
    ['whenReady', []],
    ['preFork', [{ slot: 2 }]],
    ['childExit', [dead]],
    ['nworkersChanged', [3, 2]],
    ['preExec', []],
  ];
  for (const [name, extra] of calls) {
    assert.deepEqual(await config.call(name, [server, ...extra], 5000), { outcome: 'done' });
  }
  assert.deepEqual(logged, [
    'info on_starting learnt',
    'warning on_reload 3',
    "info when_ready [('127.0.0.1', 8000), ('::1', 80), '/run/app.sock']",
    'debug pre_fork [booting] 2',
    'info child_exit 77 1 3',
    'info nworkers_changed 3 2',
  ]);
});

test('a hook that raises fails with its traceback, without our frames', { skip }, async (t) => {
  const { config } = await open(t, path.join(confs, 'hooks.py'));
  const end = await config.call('onExit', [server], 5000);
  assert.equal(end.outcome, 'failed');
  const stack = end.outcome === 'failed' ? end.stack : '';
  assert.match(stack, /^Traceback[^\n]+\n {2}File ".+hooks\.py", line \d+, in on_exit\n/);
  assert.match(stack, /RuntimeError: on_exit goes wrong$/);
});

test('a hook that hangs is cut off, and the next runs in a new process', { skip }, async (t) => {
  const text =
    'import time\ndef on_reload(server): time.sleep(60)\ndef on_exit(server): server.log.info(server.cfg.workers)';
  const { config, logged, pids } = await openText(t, text);
  config.learn({ workers: 9 });
  assert.deepEqual(await config.call('onReload', [server], 200), { outcome: 'timeout' });
  assert.deepEqual(await config.call('onExit', [server], 5000), { outcome: 'done' });
  assert.deepEqual([logged, pids.length], [['info 9'], 2]);
});

test('hooks see the variables of raw_env, as in Gunicorn', { skip }, async (t) => {
  const text =
    'import os\nraw_env = ["A_B=1=2"]\ndef on_exit(server): server.log.info(os.environ["A_B"])';
  const { config, logged } = await openText(t, text);
  await config.call('onExit', [server], 5000);
  assert.deepEqual(logged, ['info 1=2']);
});

test('the file may import what lies beside it, and be a module itself', { skip }, async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'deploy/__init__.py': '',
    'deploy/conf.py': 'from helper import workers',
    'helper.py': 'workers = 7',
  });
  const { config } = await open(t, 'python:deploy.conf', dir);
  assert.equal(config.values['workers'], 7);
});

const broken: Record<string, [text: string, says: RegExp]> = {
  'a syntax error': ['workers = = 2', /conf\.py", line 1\n.+\n.+\nSyntaxError: invalid syntax/],
  'an exception': ['x = 1\nx.y', /conf\.py", line 2, in <module>\n.+AttributeError: 'int'/s],
  'a missing module': ['import no_such_module', /ModuleNotFoundError: No module named 'no_such/],
  'an exit': ['raise SystemExit(3)', /SystemExit: 3/],
  'a hook of the wrong arity': [
    'def child_exit(worker): pass',
    /TypeError: child_exit has to take 2 arguments: child_exit\(worker\)/,
  ],
  'a hook that is none': ['on_exit = 5', /TypeError: on_exit has to be a function, .+, not 5/],
  'a hook that cannot be found': ['on_exit = "no.such"', /No module named 'no'/],
};

for (const [what, [text, says]] of Object.entries(broken)) {
  test(`a gunicorn.conf.py with ${what} says where`, { skip }, async (t) => {
    await assert.rejects(openText(t, text), (error) => {
      assert.ok(error instanceof TsgunError);
      assert.equal(error.code, 'TSGUN_E_SETTINGS');
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /tsgun_python/);
      return true;
    });
  });
}
