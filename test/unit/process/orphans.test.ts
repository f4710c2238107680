import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const module = path.resolve(import.meta.dirname, '../../../src/process/orphans.ts');

/** Runs as process 1 of a machine of its own: an orphan comes to us, a child of ours stays Node's. */
const program = `
  import { spawn } from 'node:child_process';
  import { once } from 'node:events';
  import { readdirSync, readFileSync } from 'node:fs';
  import { reapOrphans } from ${JSON.stringify(module)};
  const stats = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && name !== '1')
    .map((pid) => { try { return readFileSync('/proc/' + pid + '/stat', 'latin1'); } catch { return ''; } });
  const zombies = () => stats().filter((stat) => / Z 1 /.test(stat)).length;
  const middle = spawn('/bin/sh', ['-c', 'sleep 0.05 & exit 3']);
  const [middleCode] = await once(middle, 'exit');
  while (zombies() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const before = zombies();
  const ours = spawn('/bin/sh', ['-c', 'exit 5']);
  const exited = once(ours, 'exit');
  // Ours is dead by now, and Node, whose loop we hold, has not waited for it yet.
  while (!stats().some((stat) => stat.startsWith(ours.pid + ' ') && / Z /.test(stat)));
  reapOrphans([ours.pid]);
  const after = stats().filter((stat) => / Z 1 /.test(stat) && !stat.startsWith(ours.pid + ' ')).length;
  const [code] = await exited;
  console.log(JSON.stringify({ pid: process.pid, middleCode, before, after, code }));
`;

const inNamespace = ['--pid', '--fork', '--kill-child', '--mount-proc'];
const possible = spawnSync('unshare', [...inNamespace, 'true']).status === 0;

test('reapOrphans() buries the dead of others and leaves ours to Node', {
  skip: !possible && 'needs root and unshare(1)',
}, () => {
  const args = [...inNamespace, process.execPath, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('unshare', args, {
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  assert.deepEqual(
    JSON.parse(stdout || 'null'),
    { pid: 1, middleCode: 3, before: 1, after: 0, code: 5 },
    stderr,
  );
});
