import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Check } from '../../../../ctl/doctor/check.ts';
import { lookAtSystemd } from '../../../../ctl/doctor/look-at-systemd.ts';
import type { Facts, Patient } from '../../../../ctl/doctor/patient.ts';
import { sampleStatus } from '../../../helpers/sample-views.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

const notAsked = () => {
  throw new Error('not asked for');
};

const facts: Facts = {
  hello: notAsked,
  status: () => sampleStatus({ pid: 4000 }),
  workers: notAsked,
  deaths: notAsked,
  setting: notAsked,
  pid: notAsked,
};

const shown = (changes: Record<string, string> = {}): string => {
  const state = {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Result: 'success',
  };
  const all = { ...state, NRestarts: '0', MainPID: '4000', ...changes };
  return `printf '%s\\n' ${Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`;
};

/** What is said when `systemctl` is this script, and gets the unit's name as `$2`. */
async function look(t: TestContext, script: string, more: Partial<Patient> = {}): Promise<Check> {
  const root = makeTempDir(t);
  mkdirSync(path.join(root, 'run/systemd/system'), { recursive: true });
  writeFiles(root, { 'bin/systemctl': `#!/bin/sh\n${script}\n` });
  chmodSync(path.join(root, 'bin/systemctl'), 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${root}/bin:${before}`;
  t.after(() => {
    process.env['PATH'] = before;
  });
  const patient = {
    facts,
    instance: 'web',
    socketPath: null,
    runDirs: [],
    manifest: null,
    command: 'tsgunctl',
  };
  const [check, ...others] = await lookAtSystemd(
    { ...patient, root, ...more },
    AbortSignal.timeout(9000),
  );
  assert.ok(check && others.length === 0);
  return check;
}

test('a unit that is active with this process is well', async (t) => {
  const { verdict, message } = await look(t, shown());
  assert.deepEqual([verdict, message], ['ok', 'tsgun@web.service is active (running)']);
});

const states: [verdict: string, message: RegExp, changes: Record<string, string>, alive?: false][] =
  [
    ['ok', /is not-found: something else/, { LoadState: 'not-found', ActiveState: 'inactive' }],
    [
      'warn',
      /inactive \(dead\), but the instance runs/,
      { ActiveState: 'inactive', SubState: 'dead' },
    ],
    ['warn', /inactive \(dead\)$/, { ActiveState: 'inactive', SubState: 'dead' }, false],
    [
      'fail',
      /failed \(failed\): exit-code/,
      { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code' },
    ],
    ['fail', /active \(running\), but the instance does not answer/, {}, false],
    ['warn', /restarted 3 times/, { NRestarts: '3' }],
    ['warn', /as process 77, but process 4000 answers/, { MainPID: '77' }],
  ];

for (const [verdict, message, changes, alive] of states) {
  test(`a unit ${JSON.stringify(changes)}, ${alive ?? true}: ${verdict}`, async (t) => {
    const check = await look(t, shown(changes), alive === false ? { facts: null } : {});
    assert.equal(check.verdict, verdict);
    assert.match(check.message, message);
  });
}

test('systemctl that fails or hangs leaves it open', { timeout: 20_000 }, async (t) => {
  assert.equal((await look(t, 'exit 1')).verdict, 'unknown');
  const begun = performance.now();
  assert.equal((await look(t, 'exec sleep 60')).message, 'systemctl does not answer');
  assert.ok(performance.now() - begun < 8000);
});

test('names that are none of a unit never reach systemctl', async (t) => {
  for (const instance of ['--version', 'a b', 'x/../y', '-H', null]) {
    const check = await look(t, shown(), { instance });
    assert.equal(check.message, 'No unit belongs to this name');
  }
});

test('without systemd nothing is asked', async (t) => {
  const root = makeTempDir(t);
  assert.match((await look(t, 'exit 1', { root })).message, /does not run this machine/);
});
