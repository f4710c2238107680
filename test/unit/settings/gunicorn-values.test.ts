import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGunicornValues } from '../../../src/settings/gunicorn-values.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';

const read = (values: Record<string, unknown>) =>
  readGunicornValues({ values, originOf: (name) => `conf:${name}` });

function settingsOf(values: Record<string, unknown>) {
  const { given } = read(values);
  const { settings, problems } = resolveSettings([given]);
  assert.deepEqual(problems, []);
  return settings;
}

const meanings: [values: Record<string, unknown>, settings: Record<string, unknown>][] = [
  [{ wsgi_app: 'a.b:app' }, { app: 'a.b:app' }],
  [{ workers: '5' }, { workers: 5 }],
  [{ workers: '0x10' }, { workers: 16 }],
  [{ timeout: '45' }, { timeout: 45 }],
  [{ timeout: 0.5 }, { timeout: 0.5 }],
  [{ reload: 'True' }, { reload: true }],
  [{ spew: 'false' }, { spew: false }],
  [{ bind: ':1, unix:/x ,[::1]' }, { bind: [':1', 'unix:/x', '[::1]:8000'] }],
  [{ bind: ['0.0.0.0', 'tcp://a:1', 'unix:///x'] }, { bind: ['0.0.0.0:8000', 'a:1', 'unix:/x'] }],
  [{ bind: 'fd://3' }, { bind: ['fd://3'] }],
  [{ raw_env: 'A=1,B=2' }, { rawEnv: ['A=1', 'B=2'] }],
  [{ loglevel: 'INFO' }, { loglevel: 'info' }],
  [
    { user: 33, group: 'www' },
    { user: '33', group: 'www' },
  ],
  [{ umask: 0 }, { umask: null }],
  [{ umask: 0o27 }, { umask: 0o27 }],
  [{ umask: '027' }, { umask: 0o27 }],
  [{ limit_request_fields: 0 }, { limitRequestFields: 32_768 }],
  [{ limit_request_fields: '70' }, { limitRequestFields: 70 }],
  [
    { accesslog: null, workers: null },
    { accesslog: null, workers: 1 },
  ],
  [{ control_socket_disable: true }, { noControlSocket: true }],
];

for (const [values, expected] of meanings) {
  test(`${JSON.stringify(values)} in a gunicorn.conf.py is ${JSON.stringify(expected)}`, () => {
    const settings = settingsOf(values);
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(Reflect.get(settings, name), value);
    }
  });
}

const classes: Record<string, string> = {
  gevent_pywsgi: 'gevent',
  'gunicorn.workers.gthread.ThreadWorker': 'gthread',
  'uvicorn.workers.UvicornWorker': 'asgi',
  'uvicorn.workers.UvicornH11Worker': 'asgi',
  'uvicorn_worker.UvicornWorker': 'asgi',
  'egg:gunicorn#sync': 'sync',
  asgi: 'asgi',
};

for (const [theirs, ours] of Object.entries(classes)) {
  test(`worker_class "${theirs}" is "${ours}"`, () => {
    const { given, warnings } = read({ worker_class: theirs });
    assert.deepEqual([given[0]?.raw, warnings], [ours, []]);
  });
}

test('a worker_class that nobody knows leaves it to the app, and is named', () => {
  const { given, warnings } = read({ worker_class: 'my.workers.Special' });
  assert.equal(given[0]?.raw, 'auto');
  assert.match(warnings.join(), /^conf:worker_class: worker_class "my.workers.Special" is none of/);
});

test('what tsgun lacks is named in a line each, with the reason', () => {
  const { given, warnings } = read({ keyfile: '/k', worker_tmp_dir: '/dev/shm', syslog: true });
  assert.deepEqual(given, []);
  assert.equal(warnings.length, 3);
  assert.match(warnings[0] ?? '', /^conf:keyfile: "keyfile" is a setting of Gunicorn .+: .*TLS/);
  assert.match(warnings[1] ?? '', /"worker_tmp_dir" .+: its workers beat without files$/);
  assert.match(warnings[2] ?? '', /"syslog" .+: it does not speak syslog$/);
});

test('what tsgun lacks is not named where it is as it would be without', () => {
  const values = { keyfile: null, syslog: false, paste: '', reload_engine: 'auto', dirty_apps: [] };
  assert.deepEqual(read(values), { given: [], warnings: [] });
});

test('names of the file itself are its own, unless they are near misses of a setting', () => {
  const own = { hostname: 'x', cores: 4, app: 'flask', node: 'db1', Workers: 3, config: {} };
  assert.deepEqual(read(own), { given: [], warnings: [] });
  assert.deepEqual(read({ max_request: 5 }).warnings, [
    'conf:max_request: "max_request" is no setting, did you mean "max_requests"?',
  ]);
});

test('a value that makes no sense is a problem with its place', () => {
  const { problems } = resolveSettings([read({ workers: -1, timeout: { python: '<x>' } }).given]);
  assert.match(problems[0] ?? '', /^conf:workers: workers: expected a whole number/);
  assert.match(problems[1] ?? '', /^conf:timeout: timeout: expected seconds/);
});
