import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const script = path.resolve(import.meta.dirname, '../../../packaging/common/upgrade-instances');

interface World {
  /** What tsgunctl does for an instance of that name, in the words of the shell. */
  tsgunctl: string;
  units?: readonly string[];
  /** Of all of them, as systemd lists it. */
  state?: string;
  systemctl?: string;
  policy?: string;
  booted?: boolean;
}

/** The script among programs that only write down how they are called. */
function run(t: TestContext, world: World): { said: string; calls: string[] } {
  const { units = ['tsgun@web.service'], state = 'active running' } = world;
  const { systemctl = '', policy, booted = true } = world;
  const dir = makeTempDir(t);
  const note = `echo "$(basename "$0") $*" >>${dir}/calls`;
  const listed = units.map((unit) => `echo "${unit} loaded ${state} x"`).join('\n');
  writeFiles(dir, {
    'bin/tsgunctl': `#!/bin/sh\n${note}\n${world.tsgunctl}\n`,
    'bin/systemctl': `#!/bin/sh\ncase $* in *list-units*)\n${listed}\nexit ;; esac\n${note}\n${systemctl}\n`,
    ...(policy === undefined ? {} : { 'bin/policy-rc.d': `#!/bin/sh\n${note}\n${policy}\n` }),
    calls: '',
    script: readFileSync(script, 'utf8')
      .replaceAll('/usr/bin/', `${dir}/bin/`)
      .replaceAll('/usr/sbin/', `${dir}/bin/`)
      .replaceAll('/run/systemd', `${dir}/systemd`),
  });
  execFileSync('sh', ['-c', 'chmod 755 "$0"/bin/*', dir]);
  chmodSync(path.join(dir, 'script'), 0o755);
  if (booted) mkdirSync(path.join(dir, 'systemd/system'), { recursive: true });
  const { status, stdout, stderr } = spawnSync(path.join(dir, 'script'), ['1'], {
    encoding: 'utf8',
    env: { PATH: `${dir}/bin:${process.env['PATH'] ?? ''}` },
    timeout: 20_000,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  assert.ok(existsSync(dir));
  const calls = readFileSync(path.join(dir, 'calls'), 'utf8').split('\n').filter(Boolean);
  return { said: stderr, calls: calls.toSorted() };
}

const upgradeOf = (name: string): string =>
  `tsgunctl --socket /run/tsgun/${name}/control.sock upgrade`;

test('upgrade-instances hands every instance over, and says nothing', (t) => {
  const units = ['tsgun@api.service', 'tsgun@my\\x2dshop.service'];
  assert.deepEqual(run(t, { tsgunctl: 'echo done', units }), {
    said: '',
    calls: [upgradeOf('api'), upgradeOf('my\\x2dshop')],
  });
});

test('upgrade-instances leaves an instance alone whose app cannot be loaded', (t) => {
  for (const code of [1, 6]) {
    const { said, calls } = run(t, {
      tsgunctl: `echo words; echo "no such app" >&2; exit ${code}`,
    });
    assert.deepEqual(calls, [upgradeOf('web')]);
    assert.match(
      said,
      /^tsgun@web\.service runs on as it was, .*: no such app\n"tsgunctl -i web upgrade" .*\n$/,
    );
  }
});

test('upgrade-instances restarts an instance that does not answer', (t) => {
  for (const tsgunctl of ['echo lost >&2; exit 7', 'exit 3', 'exec sleep 30']) {
    const { said, calls } = run(t, { tsgunctl });
    assert.deepEqual(calls, ['systemctl --system try-restart tsgun@web.service', upgradeOf('web')]);
    assert.match(said, /^tsgun@web\.service was restarted, /);
  }
});

test('upgrade-instances tells of a restart that failed, and goes on', (t) => {
  const units = ['tsgun@a.service', 'tsgun@b.service'];
  const { said } = run(t, { tsgunctl: 'exit 3', systemctl: 'exit 1', units });
  assert.match(said, /tsgun@a\.service could not be restarted: see systemctl status/);
  assert.match(said, /tsgun@b\.service could not be restarted: see systemctl status/);
});

test('upgrade-instances does what policy-rc.d says', (t) => {
  const forbidden = run(t, { tsgunctl: 'exit 0', policy: 'exit 101' });
  assert.deepEqual(forbidden.calls, ['policy-rc.d tsgun@web.service restart']);
  const allowed = run(t, { tsgunctl: 'exit 0', policy: 'exit 104' });
  assert.ok(allowed.calls.includes(upgradeOf('web')));
});

test('upgrade-instances waits for an instance that starts, and hands it over then', (t) => {
  const counted = 'case $* in *SubState*) echo start ;; *ActiveState*) echo active ;; esac';
  const { said, calls } = run(t, {
    tsgunctl: 'exit 0',
    state: 'activating start',
    systemctl: counted,
  });
  assert.equal(said, '');
  assert.ok(calls.includes(upgradeOf('web')));
});

test('upgrade-instances has nothing to do for an instance that is tried again and again', (t) => {
  const systemctl = 'case $* in *SubState*) echo auto-restart ;; *) echo activating ;; esac';
  const { said, calls } = run(t, {
    tsgunctl: 'exit 0',
    state: 'activating auto-restart',
    systemctl,
  });
  assert.equal(said, '');
  assert.ok(!calls.includes(upgradeOf('web')), calls.join('\n'));
});

test('upgrade-instances leaves nobody out where there are many', (t) => {
  const names = Array.from({ length: 9 }, (_, index) => `app${index}`);
  const units = names.map((name) => `tsgun@${name}.service`);
  assert.deepEqual(run(t, { tsgunctl: 'exit 0', units }).calls, names.map(upgradeOf));
});

test('upgrade-instances does nothing without systemd', (t) => {
  assert.deepEqual(run(t, { tsgunctl: 'exit 0', booted: false }), { said: '', calls: [] });
});
