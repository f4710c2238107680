import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { countAvailableCpus, readQuota } from '../../../src/process/available-cpus.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const v2 = '0::/a/b\n';
const v1 = '5:memory:/\n4:cpu,cpuacct:/a\n1:name=systemd:/\n';

const machines: Record<string, { files: Record<string, string>; quota: number }> = {
  'no cgroups at all': { files: {}, quota: Number.POSITIVE_INFINITY },
  'no limit': {
    files: { 'proc/self/cgroup': v2, 'sys/fs/cgroup/a/b/cpu.max': 'max 100000\n' },
    quota: Number.POSITIVE_INFINITY,
  },
  'a limit of our own': {
    files: { 'proc/self/cgroup': v2, 'sys/fs/cgroup/a/b/cpu.max': '150000 100000\n' },
    quota: 1.5,
  },
  'a tighter limit above': {
    files: {
      'proc/self/cgroup': v2,
      'sys/fs/cgroup/a/b/cpu.max': '400000 100000\n',
      'sys/fs/cgroup/a/cpu.max': '50000 100000\n',
    },
    quota: 0.5,
  },
  'a container that sees only its own': {
    files: { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '200000 100000\n' },
    quota: 2,
  },
  'a group outside of what we see': {
    files: { 'proc/self/cgroup': '0::/../../x\n', 'sys/fs/cgroup/cpu.max': '300000 100000\n' },
    quota: 3,
  },
  'cgroup v1': {
    files: {
      'proc/self/cgroup': v1,
      'sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '250000\n',
      'sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
    },
    quota: 2.5,
  },
  'cgroup v1 without a limit': {
    files: {
      'proc/self/cgroup': v1,
      'sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
    },
    quota: Number.POSITIVE_INFINITY,
  },
  'nonsense in the files': {
    files: { 'proc/self/cgroup': `x\n${v2}`, 'sys/fs/cgroup/a/b/cpu.max': 'what 0\n' },
    quota: Number.POSITIVE_INFINITY,
  },
};

for (const [machine, { files, quota }] of Object.entries(machines)) {
  test(`readQuota() with ${machine}`, (t) => {
    assert.equal(readQuota(writeFiles(makeTempDir(t), files)), quota);
  });
}

test('countAvailableCpus() rounds up, is at least 1 and never more than there are', (t) => {
  const count = (max: string) =>
    countAvailableCpus(
      writeFiles(makeTempDir(t), {
        'proc/self/cgroup': '0::/\n',
        'sys/fs/cgroup/cpu.max': `${max} 100000\n`,
      }),
    );
  assert.equal(count('1000'), 1);
  assert.equal(count('110000'), Math.min(2, availableParallelism()));
  assert.equal(count('99999999'), availableParallelism());
  assert.ok(countAvailableCpus() >= 1);
});
