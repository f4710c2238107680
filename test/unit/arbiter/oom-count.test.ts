import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const module = path.resolve(import.meta.dirname, '../../../src/arbiter/oom-count.ts');
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
const mounts = { skip: !canMount && 'needs to make a mount namespace (root)' };

/** With a control group that says what is written to its file, in a mount namespace of its own. */
const script = `
  import { writeFileSync } from 'node:fs';
  import { OomCount } from ${JSON.stringify(module)};
  const [, events, ...texts] = process.argv;
  let count;
  const seen = texts.map((text) => {
    writeFileSync(events, text);
    count ??= new OomCount();
    return count.hasGrown();
  });
  console.log(JSON.stringify(seen));
`;

function look(t: Parameters<typeof makeTempDir>[0], texts: readonly string[]): boolean[] {
  const dir = writeFiles(makeTempDir(t), { 'unified/memory.events': '', cgroup: '0::/\n' });
  const shell = `
    mount --bind '${dir}' /sys/fs/cgroup
    mount --bind '${dir}/cgroup' /proc/$$/cgroup
    exec "$@"
  `;
  const command = [
    process.execPath,
    '--input-type=module',
    '-e',
    script,
    '--',
    `${dir}/unified/memory.events`,
  ];
  const args = ['--mount', '--', '/bin/sh', '-ec', shell, 'sh', ...command, ...texts];
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout);
}

test(
  'a kill for want of memory is noticed once, and those before us are nobody of ours',
  mounts,
  (t) => {
    const kills = (count: number) => `low 0\noom 9\noom_kill ${count}\n`;
    assert.deepEqual(look(t, [kills(2), kills(2), kills(3), kills(3), kills(7), kills(7)]), [
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
  },
);

test('a control group that does not count says nothing', mounts, (t) => {
  assert.deepEqual(look(t, ['', 'low 0\n', 'oom_kill x\n']), [false, false, false]);
});
