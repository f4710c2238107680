import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { daemonize } from '../../../src/process/daemonize.ts';
import { spawnChild } from '../../../src/process/spawn.ts';
import { isAlive } from '../../helpers/processes.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const module = path.resolve(import.meta.dirname, '../../../src/process/daemonize.ts');

/** Starts a program that writes its pid to `pid` first; it is gone when the test is over. */
function start(t: TestContext, body: string) {
  const dir = mkdtempSync(path.join(tmpdir(), 'tsgun-test-'));
  const pid = () => Number(readFileSync(path.join(dir, 'pid'), 'utf8'));
  t.after(async () => {
    const daemon = pid();
    if (isAlive(daemon)) process.kill(daemon, 'SIGKILL');
    await waitFor('the daemon to be gone', () => !isAlive(daemon));
    rmSync(dir, { recursive: true });
  });
  writeFiles(dir, {
    'main.mjs': `
      import { writeFileSync } from 'node:fs';
      import { daemonVariable, tellOutcome } from ${JSON.stringify(module)};
      writeFileSync('pid', String(process.pid));
      ${body}
    `,
  });
  const outcome = daemonize(spawnChild, {
    file: process.execPath,
    args: ['main.mjs'],
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  return { outcome, pid };
}

test('a daemon that says how it went lives on, in a session of its own and without our files', async (t) => {
  const { outcome, pid } = start(
    t,
    `if (process.env[daemonVariable] !== '1') process.exit(9);
     setInterval(() => undefined, 1000);
     await tellOutcome({ exitCode: 0, message: null });
     await tellOutcome({ exitCode: 1, message: 'a second word is one too many' });`,
  );
  assert.deepEqual(await outcome, { exitCode: 0, message: null });
  assert.ok(isAlive(pid()));
  const fields = readFileSync(`/proc/${pid()}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  assert.equal(Number(fields[3]), pid(), 'leads its session');
  for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${pid()}/fd/${fd}`), '/dev/null');
});

test('a daemon that fails gives its exit code and its reason', async (t) => {
  const { outcome } = start(
    t,
    `await tellOutcome({ exitCode: 4, message: 'no luck' }); process.exit(4);`,
  );
  assert.deepEqual(await outcome, { exitCode: 4, message: 'no luck' });
});

for (const [end, reason] of [
  ['process.exit(7)', /it ended with exit code 7$/],
  ["process.kill(process.pid, 'SIGKILL'); setInterval(() => 0, 1000)", /it ended with SIGKILL$/],
] as const) {
  test(`a daemon that dies without a word by ${end.slice(0, 15)} is reported`, async (t) => {
    await assert.rejects(start(t, end).outcome, { code: 'TSGUN_E_SPAWN', message: reason });
  });
}

test('a daemon that says nonsense is a failure', async (t) => {
  const { outcome, pid } = start(t, `process.send('hello', () => process.disconnect());`);
  assert.equal((await outcome).exitCode, 1);
  await waitFor('its end', () => !isAlive(pid()));
});

test('a program that cannot be started is reported', async () => {
  const request = { file: '/no/such/program', args: [], cwd: '/', env: {} };
  await assert.rejects(daemonize(spawnChild, request), {
    code: 'TSGUN_E_SPAWN',
    message: /^Cannot start the daemon: .*ENOENT/,
  });
});
