import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOomKills } from '../../../src/process/oom-watch.ts';
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
  test(`readOomKills() with ${machine}`, (t) => {
    assert.equal(readOomKills(writeFiles(makeTempDir(t), files)), kills);
  });
}
