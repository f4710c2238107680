import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseName, defaultPath, explicitPlace } from '../../../src/cli/control-place.ts';
import { defaultSettings, type Settings } from '../../../src/settings/table.ts';

const settings = (change: Partial<Settings>): Settings => ({
  ...defaultSettings(),
  chdir: '/srv/shop',
  ...change,
});

const names: [app: string | null, name: string][] = [
  ['app.js', 'app'],
  ['./app.js', 'app'],
  ['/opt/web/server.mts', 'server'],
  ['src/app.ts:handler', 'app'],
  ['../other', 'other'],
  ['.', 'shop'],
  [null, 'shop'],
  ['my app (1).js', 'my_app__1_'],
  ['.hidden.js', 'hidden'],
  ['--flag.js', 'flag'],
  ['...', 'tsgun'],
  ['größe.js', 'gr__e'],
  ['a.b.c.js', 'a.b.c'],
  ['C:dir/app.js', 'app'],
];

for (const [app, name] of names) {
  test(`an instance of ${app} is called ${name}`, () => {
    assert.equal(chooseName(settings({ app }), {}), name);
  });
}

test('proc_name is its name, made good for a folder', () => {
  assert.equal(chooseName(settings({ app: 'app.js', procName: 'shop@eu-1' }), {}), 'shop@eu-1');
  assert.equal(
    chooseName(settings({ app: 'app.js', procName: '../../etc/passwd' }), {}),
    '_.._etc_passwd',
  );
  assert.equal(chooseName(settings({ app: 'app.js', procName: '..' }), {}), 'tsgun');
  assert.equal(chooseName(settings({ app: 'app.js', procName: 'a/b\n\u0000c' }), {}), 'a_b__c');
  assert.equal(chooseName(settings({ procName: 'x'.repeat(90) }), {}), 'x'.repeat(40));
});

test('its socket is in the run directory that the environment names', () => {
  assert.equal(
    defaultPath('app', { TSGUN_RUN_DIR: '/tmp/run', XDG_RUNTIME_DIR: '/run/user/7' }),
    '/tmp/run/app/control.sock',
  );
});

test("else in the system's for root, in the user's own for everybody else, or nowhere", () => {
  const isRoot = process.geteuid?.() === 0;
  assert.equal(
    defaultPath('app', { XDG_RUNTIME_DIR: '/run/user/7' }),
    isRoot ? '/run/tsgun/app/control.sock' : '/run/user/7/tsgun/app/control.sock',
  );
  assert.equal(defaultPath('app', {}), isRoot ? '/run/tsgun/app/control.sock' : null);
});

test('an explicit place has no folder of its own', () => {
  assert.equal(explicitPlace(settings({})), null);
  assert.deepEqual(explicitPlace(settings({ controlSocket: '/x/y.sock' })), {
    path: '/x/y.sock',
    folders: [],
  });
});

const places: [what: string, env: NodeJS.ProcessEnv, controlSocket: string, name: string][] = [
  ['in the folder of the system', {}, '/run/tsgun/shop/control.sock', 'shop'],
  [
    'in one that stands for it',
    { TSGUN_RUN_DIR: '/tmp/run' },
    '/tmp/run/shop/control.sock',
    'shop',
  ],
  [
    'in the folder of a user',
    { XDG_RUNTIME_DIR: '/run/user/7' },
    '/run/user/7/tsgun/shop/control.sock',
    'shop',
  ],
  ['under a name that systemd escaped', {}, '/run/tsgun/a\\x2db@eu:1/control.sock', 'a\\x2db@eu:1'],
  ['by a crooked path', {}, '/run/tsgun/other/../shop/control.sock', 'shop'],
  ['under another name for the socket', {}, '/run/tsgun/shop/ctl.sock', 'proc'],
  ['deeper', {}, '/run/tsgun/shop/eu/control.sock', 'proc'],
  ['elsewhere', {}, '/srv/shop/control.sock', 'proc'],
  [
    'where the system would be without TSGUN_RUN_DIR',
    { TSGUN_RUN_DIR: '/tmp/run' },
    '/run/tsgun/shop/control.sock',
    'proc',
  ],
];

for (const [what, env, controlSocket, name] of places) {
  test(`an instance whose socket was put ${what} is called ${name}`, () => {
    const given = settings({ app: 'app.js', procName: 'proc', controlSocket });
    assert.equal(chooseName(given, env), name);
  });
}
