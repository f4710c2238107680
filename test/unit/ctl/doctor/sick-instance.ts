import { symlinkSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { ControlClient } from '../../../../ctl/client.ts';
import type { Check } from '../../../../ctl/doctor/check.ts';
import { runDoctor } from '../../../../ctl/doctor/doctor.ts';
import type { StatusView } from '../../../../src/protocol/control/views.ts';
import { type Answer, FakeInstance } from '../../../helpers/fake-instance.ts';
import { sampleStatus, sampleWorker } from '../../../helpers/sample-views.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

const limits = (
  files: string,
) => `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            ${files.padEnd(20)} 524288               files
`;

const ids = (uid: number) =>
  `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t33\t33\t33\t33\n`;

/** The arbiter is process 4000, its workers 5000 to 5003. */
export const healthyMachine = (): Record<string, string> => ({
  'proc/4000/cmdline': 'tsgun: arbiter [web] serving\0',
  'proc/4000/limits': limits('1048576'),
  'proc/4000/status': ids(0),
  'proc/4000/cgroup': '0::/system.slice/tsgun@web.service\n',
  ...Object.fromEntries(
    [5000, 5001, 5002, 5003].flatMap((pid) => [
      [`proc/${pid}/limits`, limits('524288')],
      [`proc/${pid}/status`, ids(33)],
    ]),
  ),
  'proc/sys/net/core/somaxconn': '4096\n',
  'proc/meminfo': 'MemTotal: 8000000 kB\nMemAvailable:    4000000 kB\n',
  'sys/fs/cgroup/system.slice/tsgun@web.service/memory.max': 'max\n',
  'sys/fs/cgroup/system.slice/tsgun@web.service/memory.events':
    'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n',
  'usr/lib64/libatomic.so.1': '',
});

export const limitsOf = limits;
export const idsOf = ids;

export interface Sickness {
  status?: Partial<StatusView>;
  settings?: Record<string, unknown>;
  answers?: Record<string, Answer>;
  files?: Record<string, string>;
  /** What the arbiter runs. */
  executable?: string;
}

/** Runs the doctor against an instance and a machine that are well but for what is said. */
export async function diagnose(t: TestContext, sickness: Sickness = {}): Promise<Check[]> {
  const dir = makeTempDir(t);
  const root = writeFiles(path.join(dir, 'root'), { ...healthyMachine(), ...sickness.files });
  symlinkSync(sickness.executable ?? process.execPath, path.join(root, 'proc/4000/exe'));
  const socketPath = path.join(dir, 'control.sock');
  const settings = {
    worker_connections: 1000,
    errorlog: '-',
    accesslog: null,
    ...sickness.settings,
  };
  const fake = new FakeInstance(socketPath, {
    hello: () => ({ name: 'tsgun', version: '0.0.0', role: 'read', methods: [] }),
    status: () =>
      sampleStatus({
        pid: 4000,
        memory: { arbiterBytes: 60 * 2 ** 20, workersBytes: 400 * 2 ** 20, group: null },
        startedAt: Date.now() - 60_000,
        uptimeMs: 60_000,
        ...sickness.status,
      }),
    workers: () => [0, 1, 2, 3].map((slot) => sampleWorker(slot, { rssBytes: 100 * 2 ** 20 })),
    why: () => [],
    config: () => Object.entries(settings).map(([name, value]) => ({ name, value })),
    ...sickness.answers,
  });
  await fake.listen();
  t.after(() => fake.close());
  const client = await ControlClient.connect(socketPath);
  t.after(() => client.close());
  return runDoctor({ client, instance: 'web', socketPath, runDirs: [], root });
}

/** The only check of this name. */
export function find(checks: readonly Check[], name: string): Check {
  const found = checks.filter((check) => check.name === name);
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`${found.length} checks are named "${name}"`);
  return first;
}
