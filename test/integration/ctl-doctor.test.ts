import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Check } from '../../ctl/doctor/check.ts';
import { root, startTsgun, type Tsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const ctl = path.join(root, 'dist/ctl/main.js');

interface Found {
  code: number | null;
  /** Verdicts of each check, by its name. */
  verdicts: Record<string, string[]>;
  messages: string;
}

async function examine({ cwd }: Pick<Tsgun, 'cwd'>, ...args: string[]): Promise<Found> {
  const env = { ...process.env, TSGUN_RUN_DIR: path.join(cwd, 'run'), XDG_RUNTIME_DIR: '' };
  const child = spawn(process.execPath, [ctl, ...args, 'doctor', '-o', 'json'], { cwd, env });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const [code] = await once(child, 'close');
  const { data } = JSON.parse(text);
  const checks: Check[] = data;
  const verdicts: Record<string, string[]> = {};
  for (const { name, verdict } of checks) verdicts[name] = [...(verdicts[name] ?? []), verdict];
  return {
    code,
    verdicts,
    messages: checks.map((check) => check.message).join('\n'),
  };
}

test('doctor finds a real instance well, and sees what was done to it', {
  timeout: 60_000,
}, async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const args = ['-w', '2', '-b', '127.0.0.1:0', '-b', 'unix:web.sock', '-n', 'web', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  await tsgun.waitForLog(/Control socket:/);

  const well = await examine(tsgun);
  assert.equal(well.code, 0, well.messages);
  for (const name of ['instance', 'workers', 'backlog', 'accept queue', 'open files', 'versions']) {
    assert.deepEqual(well.verdicts[name], ['ok'], well.messages);
  }
  assert.deepEqual(well.verdicts['reachable'], ['ok', 'ok']);
  assert.match(well.messages, /unix:.*web\.sock answers with 200/);

  // Its listeners accept connections, which nobody answers.
  for (const pid of tsgun.workers()) process.kill(pid, 'SIGSTOP');
  chmodSync(path.join(dir, 'run/web/control.sock'), 0o666);
  const stopped = await examine(tsgun, '-i', 'web');
  for (const pid of tsgun.workers()) process.kill(pid, 'SIGCONT');
  assert.equal(stopped.code, 1);
  assert.deepEqual(stopped.verdicts['reachable'], ['fail', 'fail']);
  assert.deepEqual(stopped.verdicts['control socket'], ['fail']);

  tsgun.signal('SIGKILL');
  await tsgun.exited;
  const dead = await examine(tsgun, '-i', 'web');
  assert.equal(dead.code, 1);
  assert.deepEqual(dead.verdicts['instance'], ['fail']);
  assert.deepEqual(dead.verdicts['stale sockets'], ['warn']);
});
