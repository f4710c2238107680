import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl } from './control.ts';
import { startTsgun, type Tsgun } from './start-tsgun.ts';
import { hammer, type Target } from './strict-client.ts';
import { makeTempDir } from './temp-dir.ts';
import { helloApp, writeFiles } from './write-files.ts';

export const listenerKinds = ['a shared socket', 'a Unix socket', 'reuse_port'] as const;

export type ListenerKind = (typeof listenerKinds)[number];

/** What a scenario is to see, unless the machine is too slow for it. */
const fewestRequests = 20_000;
const longestMs = 10_000;
const slowestMachine = 2000;

export interface UnderLoad {
  cwd: string;
  tsgun: Tsgun;
  control: ControlClient;
  target: Target;
  answered(): number;
  /** Does something again and again while the load goes on, and expects no request to be lost. */
  repeat(act: (round: number) => Promise<unknown>): Promise<void>;
}

/** A real instance under strict load: kept connections, and a new one for each request. */
export async function startUnderLoad(
  t: TestContext,
  kind: ListenerKind,
  args: readonly string[] = ['-w', '3'],
): Promise<UnderLoad> {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const bind = kind === 'a Unix socket' ? 'unix:app.sock' : '127.0.0.1:0';
  const extra = kind === 'reuse_port' ? ['--reuse-port'] : [];
  const tsgun = await startTsgun(t, ['-b', bind, ...extra, ...args, 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  const target: Target =
    kind === 'a Unix socket' ? { path: path.join(cwd, 'app.sock') } : { port: tsgun.port };
  const loads = [true, false].map((keepAlive) => hammer(t, { target, connections: 4, keepAlive }));
  const answered = () => loads.reduce((sum, load) => sum + load.answered, 0);
  const failures = () => loads.flatMap((load) => load.failures);
  return {
    cwd,
    tsgun,
    control,
    target,
    answered,
    async repeat(act) {
      const end = performance.now() + longestMs;
      let rounds = 0;
      do {
        await act(rounds);
        rounds += 1;
        assert.deepEqual(failures(), [], `in round ${rounds}`);
      } while (answered() < fewestRequests && performance.now() < end);
      await Promise.all(loads.map((load) => load.stop()));
      t.diagnostic(`${answered()} requests, ${rounds} rounds`);
      assert.deepEqual(failures(), []);
      assert.ok(answered() >= slowestMachine, `only ${answered()} requests`);
      assert.equal(await tsgun.stop(), 0);
    },
  };
}
