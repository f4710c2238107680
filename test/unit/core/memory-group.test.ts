import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMemoryGroup } from '../../../src/core/memory-group.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const events = 'low 0\nhigh 0\nmax 7\noom 9\noom_kill 3\noom_group_kill 1\n';

const machines: Record<string, { files: Record<string, string>; kills: number | null }> = {
  'cgroup v2': {
    files: { 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/memory.events': events },
    kills: 3,
  },
  'cgroup v1': {
    files: {
      'proc/self/cgroup': '5:memory:/a\n1:name=systemd:/\n0::/a\n',
      'sys/fs/cgroup/memory/a/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    },
    kills: 2,
  },
  'cgroup v1 of an old kernel': {
    files: {
      'proc/self/cgroup': '5:memory:/a\n',
      'sys/fs/cgroup/memory/a/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n',
    },
    kills: null,
  },
  'no cgroups': { files: {}, kills: null },
};

for (const [machine, { files, kills }] of Object.entries(machines)) {
  test(`readMemoryGroup() counts kills with ${machine}`, (t) => {
    const group = readMemoryGroup(writeFiles(makeTempDir(t), files), 'self');
    assert.equal(group?.oomKills ?? null, kills);
  });
}

test('readMemoryGroup() tells what is used, and the tightest limit above it', (t) => {
  const root = writeFiles(makeTempDir(t), {
    'proc/7/cgroup': '0::/system.slice/app.service\n',
    'sys/fs/cgroup/system.slice/app.service/memory.current': '300\n',
    'sys/fs/cgroup/system.slice/app.service/memory.max': 'max\n',
    'sys/fs/cgroup/system.slice/memory.current': '900\n',
    'sys/fs/cgroup/system.slice/memory.max': '1000\n',
  });
  assert.deepEqual(readMemoryGroup(root, 7), { usedBytes: 300, limitBytes: 1000, oomKills: null });
  assert.equal(readMemoryGroup(root, 8), null);
});
