import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl } from './control.ts';
import { type PythonClass, startTsgunPython } from './python-server.ts';
import type { Tsgun } from './start-tsgun.ts';
import { type Hammer, hammer, type Target } from './strict-client.ts';
import { makeTempDir } from './temp-dir.ts';

/** What a scenario is to see, unless the machine is too slow for it. */
const fewestRequests = 20_000;
const longestMs = 12_000;
const slowestMachine = 2000;

export interface PythonUnderLoad {
  tsgun: Tsgun;
  control: ControlClient;
  pidFile: string;
  targets: readonly Target[];
  loads: readonly Hammer[];
  answered(): number;
  failures(): string[];
  /** Does something again and again while the load goes on, and expects no request to be lost. */
  repeat(act: (round: number) => Promise<unknown>): Promise<void>;
  /** Ends the load. */
  rest(): Promise<void>;
}

/** Pids of the workers, in order. */
export async function workersOf(control: ControlClient): Promise<number[]> {
  const workers = await control.call('workers', {});
  return workers
    .flatMap(({ kind, pid }) => (kind === 'gateway' || pid === null ? [] : [pid]))
    .toSorted((a, b) => a - b);
}

export const helloOf = (kind: PythonClass): string =>
  kind === 'asgi' ? 'hello_asgi:app' : 'hello:app';

/** Kept connections, and a new one for each request, over TCP and over a Unix socket, all at once. */
export async function startPythonUnderLoad(
  t: TestContext,
  kind: PythonClass,
  ours: readonly string[] = ['-w', '2'],
): Promise<PythonUnderLoad> {
  const cwd = makeTempDir(t);
  const socket = path.join(cwd, 'app.sock');
  const pidFile = path.join(cwd, 'tsgun.pid');
  const args = ['-b', '127.0.0.1:0', '-b', `unix:${socket}`, '-p', pidFile];
  const tsgun = await startTsgunPython(t, kind, helloOf(kind), { cwd, args, ours });
  const control = await connectControl(t, tsgun);
  const targets: Target[] = [{ port: tsgun.port }, { path: socket }];
  const loads = targets.flatMap((target) =>
    [true, false].map((keepAlive) => hammer(t, { target, connections: 3, keepAlive })),
  );
  const answered = () => loads.reduce((sum, load) => sum + load.answered, 0);
  const failures = () => loads.flatMap((load) => load.failures);
  const rest = async () => {
    await Promise.all(loads.map((load) => load.stop()));
  };
  return {
    tsgun,
    control,
    pidFile,
    targets,
    loads,
    answered,
    failures,
    rest,
    async repeat(act) {
      const end = performance.now() + longestMs;
      let rounds = 0;
      do {
        await act(rounds);
        rounds += 1;
        assert.deepEqual(failures(), [], `in round ${rounds}`);
      } while (answered() < fewestRequests && performance.now() < end);
      await rest();
      t.diagnostic(`${answered()} requests, ${rounds} rounds`);
      assert.deepEqual(failures(), []);
      assert.ok(answered() >= slowestMachine, `only ${answered()} requests`);
    },
  };
}
