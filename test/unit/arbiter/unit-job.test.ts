import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { willBeRestarted } from '../../../src/arbiter/unit-job.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createFakeSpawn } from '../../helpers/fake-spawn.ts';

const ours = '0::/system.slice/system-tsgun.slice/tsgun@app.service\n';

function ask(groups = ours) {
  const clock = new FakeClock();
  const { spawn, children } = createFakeSpawn();
  const answer = willBeRestarted({ spawn, clock, env: { PATH: '/bin', LANG: 'de_DE' } }, groups);
  return { answer, clock, children, child: children[0] };
}

const job = (text: string): string => ` 4711 tsgun@app.service ${text}\n`;

const answers: [what: string, text: string, expected: boolean][] = [
  ['a restart that runs', job('restart running'), true],
  ['a restart that waits', job('restart waiting'), true],
  ['columns', job('restart   running  '), true],
  ['a stop', job('stop    running'), false],
  ['a reload', job('reload running'), false],
  ['a start', job('start waiting'), false],
  ['nothing', '', false],
  ['words', 'No jobs running.\n', false],
  ['a unit that is called so', ' 1 restart running.service stop running\n', false],
  ['several', ` 1 a.service stop running\n${job('restart running')}`, true],
];

for (const [what, text, expected] of answers) {
  test(`systemd that tells of ${what} will ${expected ? '' : 'not '}start us again`, async () => {
    const { answer, child, clock } = ask();
    child?.stdout.write(text);
    await turn();
    child?.exit({ code: 0 });
    assert.equal(await answer, expected);
    assert.equal(clock.waiting, 0);
  });
}

test('systemctl is asked in a language that is known, for our unit alone', () => {
  const { child } = ask();
  assert.deepEqual(child?.request, {
    file: 'systemctl',
    args: ['list-jobs', '--no-legend', '--plain', '--', 'tsgun@app.service'],
    cwd: '/',
    env: { PATH: '/bin', LANG: 'de_DE', LC_ALL: 'C' },
    descriptors: [],
    output: 'capture',
    channel: false,
  });
});

test('the manager of a user is asked for a service of a user', () => {
  const { child } = ask('0::/user.slice/user-7.slice/user@7.service/app.slice/tsgun@app.service\n');
  assert.deepEqual(child?.request.args.slice(0, 2), ['--user', 'list-jobs']);
});

test('who is no service asks nobody', async () => {
  for (const groups of ['0::/\n', '', '0::/user.slice/session-1.scope\n']) {
    const { answer, children } = ask(groups);
    assert.equal(await answer, null);
    assert.equal(children.length, 0);
  }
});

const failures: [what: string, exit: object][] = [
  ['fails', { code: 1 }],
  ['is killed', { signal: 'SIGKILL' }],
  ['is not there', { error: new Error('spawn systemctl ENOENT') }],
];

for (const [what, exit] of failures) {
  test(`nothing is known when systemctl ${what}, whatever it has said`, async () => {
    const { answer, child } = ask();
    child?.stdout.write(job('restart running'));
    await turn();
    child?.exit(exit);
    assert.equal(await answer, null);
  });
}

test('systemctl that hangs is ended after a second, and nothing is known', async () => {
  const { answer, child, clock } = ask();
  clock.pass(999);
  assert.deepEqual(child?.signals, []);
  clock.pass(1);
  assert.deepEqual(child?.signals, ['SIGKILL']);
  child?.exit({ signal: 'SIGKILL' });
  assert.equal(await answer, null);
});

test('systemctl that cannot even be killed holds up no stop', async () => {
  const { answer, clock } = ask();
  clock.pass(1000);
  assert.equal(await answer, null);
});

test('an answer without end is not kept', async () => {
  const { answer, child } = ask();
  for (let count = 0; count < 100; count += 1) child?.stdout.write('x'.repeat(10_000));
  child?.stdout.write(`\n${job('restart running')}`);
  await turn();
  child?.exit({ code: 0 });
  assert.equal(await answer, false);
});
