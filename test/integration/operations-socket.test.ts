import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { connectControl, connectTo, controlPath, failureOf } from '../helpers/control.ts';
import { isAlive } from '../helpers/processes.ts';
import { runTsgun, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const run = promisify(execFile);
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

const adminGroup = 23_001;
const readGroup = 23_002;

const makeApp = (t: TestContext) => writeFiles(makeTempDir(t), { 'app.js': helloApp() });

const start = (t: TestContext, cwd: string, ...args: string[]) =>
  startTsgun(t, ['-w', '1', ...args, 'app.js'], { cwd });

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

interface Who {
  uid: number;
  groups?: number[];
}

const script = `
  const [, path, ...lines] = process.argv;
  const socket = require('net').connect(path);
  socket.on('error', (error) => process.stderr.write(error.code));
  socket.on('close', () => process.exit());
  socket.pipe(process.stdout);
  socket.end(lines.map((line) => line + '\\n').join(''));`;

/** What each method answers somebody else: `ok`, an error code, or the errno of connect(2). */
async function callAs({ uid, groups = [] }: Who, file: string, ...methods: string[]) {
  const member = groups.length > 0 ? `--groups=${groups}` : '--clear-groups';
  const lines = methods.map((method, id) => JSON.stringify({ jsonrpc: '2.0', id, method }));
  const identity = [`--reuid=${uid}`, `--regid=${uid}`, member];
  const args = [...identity, process.execPath, '-e', script, file, ...lines];
  const { stdout, stderr } = await run('setpriv', args, { cwd: '/' });
  if (stderr !== '') return [stderr];
  const answers = stdout.split('\n').filter(Boolean);
  return answers.map((line) => JSON.parse(line)).map(({ error }) => error?.data.code ?? 'ok');
}

test('the socket is private, in a folder of the instance, and both go with it', async (t) => {
  const cwd = makeApp(t);
  const tsgun = await start(t, cwd);
  await connectControl(t, tsgun);
  const file = path.join(cwd, 'run/app/control.sock');
  assert.equal(controlPath(tsgun), file);
  assert.equal(modeOf(file), '600');
  assert.equal(await tsgun.stop(), 0);
  assert.ok(!existsSync(path.join(cwd, 'run')));
});

test('after KILL the next start replaces the socket that is left', async (t) => {
  const cwd = makeApp(t);
  const first = await start(t, cwd);
  await connectControl(t, first);
  const file = controlPath(first);
  first.signal('SIGKILL');
  await first.exited;
  assert.ok(existsSync(file));
  assert.equal((await failureOf(connectTo(t, file))).code, 'TSGUN_E_NOT_RUNNING');
  const second = await start(t, cwd);
  const control = await connectControl(t, second);
  assert.equal(controlPath(second), file);
  assert.equal((await control.call('ping', {})).pid, second.pid);
  assert.deepEqual(readdirSync(path.dirname(file)), ['control.sock']);
});

test('a second instance of the same name gets a number, and each answers for itself', async (t) => {
  const cwd = makeApp(t);
  const first = await start(t, cwd);
  await connectControl(t, first);
  const second = await start(t, cwd);
  const control = await connectControl(t, second);
  assert.match(controlPath(second), /run\/app-2\/control\.sock$/);
  assert.equal((await control.call('hello', {})).instance, 'app-2');
  assert.equal((await control.call('status', {})).instance, 'app-2');
  const other = await connectTo(t, controlPath(first));
  assert.deepEqual(
    [(await other.call('hello', {})).instance, (await other.call('ping', {})).pid],
    ['app', first.pid],
  );
  // The name that is free again is taken by the next one.
  await first.stop();
  const third = await start(t, cwd);
  await connectControl(t, third);
  assert.match(controlPath(third), /run\/app\/control\.sock$/);
});

test('instances that start at the same moment all get a socket of their own', async (t) => {
  const cwd = makeApp(t);
  const all = await Promise.all([1, 2, 3].map(() => start(t, cwd)));
  await Promise.all(all.map((tsgun) => connectControl(t, tsgun)));
  const paths = all.map(controlPath).toSorted();
  assert.deepEqual(
    paths.map((file) => path.relative(cwd, file)),
    ['run/app-2/control.sock', 'run/app-3/control.sock', 'run/app/control.sock'],
  );
});

test('proc_name is the name of the instance', async (t) => {
  const cwd = makeApp(t);
  const tsgun = await start(t, cwd, '--name', 'shop@eu');
  const control = await connectControl(t, tsgun);
  assert.match(controlPath(tsgun), /run\/shop@eu\/control\.sock$/);
  assert.equal((await control.call('hello', {})).instance, 'shop@eu');
});

test('control_socket is used as it is, relative to chdir, and kept in a reload', async (t) => {
  const cwd = makeApp(t);
  const tsgun = await start(t, cwd, '--control-socket', 'my/own.sock');
  const control = await connectControl(t, tsgun);
  assert.equal(controlPath(tsgun), path.join(cwd, 'my/own.sock'));
  await control.call('reload', {});
  assert.equal((await control.call('ping', {})).pid, tsgun.pid);
  assert.ok(!existsSync(path.join(cwd, 'run')));
});

test('a start with a control_socket that somebody serves fails, and leaves it alone', async (t) => {
  const cwd = makeApp(t);
  const first = await start(t, cwd, '--control-socket', 'own.sock');
  const control = await connectControl(t, first);
  const args = ['-w', '1', '--control-socket', 'own.sock', 'app.js'];
  const second = await runTsgun(t, args, { cwd });
  assert.equal(second.code, 1);
  assert.match(
    second.log,
    /Cannot use control socket ".*own\.sock": another process listens there/,
  );
  assert.doesNotMatch(second.log, /Booting worker/);
  assert.equal((await control.call('ping', {})).pid, first.pid);
  await connectTo(t, controlPath(first));
});

test('a control_socket that is a file, or cannot be made, fails the start with words', async (t) => {
  const cwd = makeApp(t);
  writeFileSync(path.join(cwd, 'precious'), 'data');
  const places: [place: string, says: RegExp][] = [
    ['precious', /"\/.*precious": the path exists and is no socket/],
    ['precious/x.sock', /x\.sock": .*(EEXIST|ENOTDIR)/],
    [`${'x'.repeat(120)}.sock`, /the path is longer than 107 bytes/],
  ];
  for (const [place, says] of places) {
    const { code, log } = await runTsgun(t, ['--control-socket', place, 'app.js'], { cwd });
    assert.equal(code, 1, place);
    assert.match(log, says);
  }
  assert.equal(statSync(path.join(cwd, 'precious')).size, 4);
});

test('a default socket that cannot be had is a warning, and the instance serves', async (t) => {
  const cwd = makeApp(t);
  writeFileSync(path.join(cwd, 'run'), 'no folder');
  const tsgun = await start(t, cwd);
  await tsgun.waitForLog(/There is no control socket: Cannot use control socket ".*": .*/);
  assert.equal((await fetchOnce({ port: tsgun.port })).status, 200);
  assert.equal(await tsgun.stop(), 0);
});

test('no_control_socket has none', async (t) => {
  const cwd = makeApp(t);
  const tsgun = await start(t, cwd, '--no-control-socket');
  assert.equal((await fetchOnce({ port: tsgun.port })).status, 200);
  assert.equal(await tsgun.stop(), 0);
  assert.doesNotMatch(tsgun.log, /[Cc]ontrol socket/);
  assert.ok(!existsSync(path.join(cwd, 'run')));
});

test('control_socket_mode is the mode of the socket', async (t) => {
  const tsgun = await start(t, makeApp(t), '--control-socket-mode', '0640');
  await connectControl(t, tsgun);
  assert.equal(modeOf(controlPath(tsgun)), '640');
});

test('nobody else gets in without a group', rootOnly, async (t) => {
  const tsgun = await start(t, makeApp(t));
  await connectControl(t, tsgun);
  const stranger = { uid: 12_345, groups: [adminGroup] };
  assert.deepEqual(await callAs(stranger, controlPath(tsgun), 'ping'), ['EACCES']);
  const open = await start(t, makeApp(t), '--control-socket-mode', '666');
  await connectControl(t, open);
  assert.deepEqual(await callAs(stranger, controlPath(open), 'ping', 'stop'), ['TSGUN_E_DENIED']);
  assert.ok(isAlive(open.pid));
});

test(
  'members of control_group may do everything, and what they do is logged',
  rootOnly,
  async (t) => {
    const tsgun = await start(t, makeApp(t), '--control-group', String(adminGroup));
    await connectControl(t, tsgun);
    const file = controlPath(tsgun);
    assert.deepEqual([modeOf(file), statSync(file).gid], ['660', adminGroup]);
    const member = { uid: 12_345, groups: [adminGroup] };
    assert.deepEqual(await callAs(member, file, 'status', 'hold', 'config-check'), [
      'ok',
      'ok',
      'ok',
    ]);
    assert.match(tsgun.log, /Control: hold \{\} by uid 12345 pid \d+/);
    assert.deepEqual(await callAs({ uid: 12_346 }, file, 'status'), ['EACCES']);
  },
);

test('members of control_read_group may look and change nothing', rootOnly, async (t) => {
  const tsgun = await start(t, makeApp(t), '--control-read-group', String(readGroup));
  const control = await connectControl(t, tsgun);
  const file = controlPath(tsgun);
  assert.deepEqual([modeOf(file), statSync(file).gid], ['660', readGroup]);
  const reader = { uid: 12_345, groups: [readGroup] };
  const answers = await callAs(reader, file, 'status', 'why', 'hold', 'stop', 'config-check');
  const denied = 'TSGUN_E_DENIED';
  assert.deepEqual(answers.toSorted(), [denied, denied, denied, 'ok', 'ok']);
  assert.equal((await control.call('status', {})).held, false);
});

test(
  'with both groups everybody can knock, and each member gets its own role',
  rootOnly,
  async (t) => {
    const groups = ['--control-group', `${adminGroup}`, '--control-read-group', `${readGroup}`];
    const tsgun = await start(t, makeApp(t), ...groups);
    await connectControl(t, tsgun);
    const file = controlPath(tsgun);
    assert.equal(modeOf(file), '666');
    const as = (...member: number[]) =>
      callAs({ uid: 12_345, groups: member }, file, 'status', 'hold');
    assert.deepEqual(await as(adminGroup), ['ok', 'ok']);
    assert.deepEqual((await as(readGroup)).toSorted(), ['TSGUN_E_DENIED', 'ok']);
    assert.deepEqual(await as(readGroup, adminGroup), ['ok', 'ok']);
    assert.deepEqual(await as(5), ['TSGUN_E_DENIED']);
  },
);

test(
  'the user of an instance without privileges controls it, and root does',
  rootOnly,
  async (t) => {
    const cwd = makeApp(t);
    await run('chown', ['-R', '12345:12345', cwd]);
    const tsgun = await startTsgun(
      t,
      ['-w', '1', '--user', '12345', '--group', '12345', 'app.js'],
      {
        cwd,
      },
    );
    const control = await connectControl(t, tsgun);
    assert.equal((await control.call('hello', {})).role, 'admin');
    await waitFor('the worker', async () => (await control.call('status', {})).workers.ready === 1);
    // The arbiter is root's, so its workers' user may not even knock.
    assert.deepEqual(await callAs({ uid: 12_345 }, controlPath(tsgun), 'stop'), ['EACCES']);
  },
);
