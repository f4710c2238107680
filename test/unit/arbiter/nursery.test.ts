import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Birth, Nursery } from '../../../src/arbiter/nursery.ts';
import type { LogRecord } from '../../../src/core/logger.ts';
import { pythonFolder } from '../../../src/process/python-interpreter.ts';
import {
  type ChildExit,
  type SpawnedChild,
  type SpawnRequest,
  spawnChild,
} from '../../../src/process/spawn.ts';
import { isAlive } from '../../helpers/processes.ts';
import { needsPython, pythonWith } from '../../helpers/python.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const skip = needsPython();

/** Forks as the real one does; its workers say what they are told, and exit with the code they get. */
const forking = `
import json, os, sys
from tsgun_python.fork import Birthplace, fork_worker
orders = os.fdopen(int(os.environ["NODE_CHANNEL_FD"]), "rb", buffering=0, closefd=False)
start = json.loads(orders.readline())
place = Birthplace(**start["door"], capture=start["capture"], arbiter=start["arbiter"])
for line in orders:
    inheritance = fork_worker(place, json.loads(line)["child"])
    if inheritance is None:
        continue
    orders.close()
    os.close(int(os.environ["NODE_CHANNEL_FD"]))
    print("out", flush=True)
    print("err", file=sys.stderr, flush=True)
    channel = os.fdopen(inheritance.channel, "rb", buffering=0, closefd=False)
    for told in channel:
        message = json.loads(told)
        if message.get("exit") is not None:
            os._exit(message["exit"])
        os.write(inheritance.channel, told)
    os._exit(0)
`;

function open(t: TestContext, script: string) {
  const log: LogRecord[] = [];
  const nursery = new Nursery({
    spawn: spawnChild,
    log: (record) => void log.push(record),
    now: () => performance.now(),
  });
  const born: number[] = [];
  t.after(() => {
    nursery.close();
    for (const pid of born.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
  const request: SpawnRequest = {
    file: pythonWith(),
    args: ['-c', script],
    cwd: pythonFolder,
    env: { PATH: process.env['PATH'] ?? '', PYTHONDONTWRITEBYTECODE: '1' },
    descriptors: [],
    output: 'capture',
    channel: true,
  };
  const start = { type: 'start' } as const;
  const bear = async (child: number): Promise<SpawnedChild> => {
    const birth = await nursery.fork(child, request, start);
    assert.equal(birth.outcome, 'born');
    if (birth.outcome !== 'born' || birth.worker.pid === undefined) throw new Error('not born');
    born.push(birth.worker.pid);
    return birth.worker;
  };
  const fork = (child: number): Promise<Birth> => nursery.fork(child, request, start);
  return { nursery, log, bear, fork };
}

const exitOf = (worker: SpawnedChild) =>
  new Promise<ChildExit>((resolve) => worker.onExit(resolve));

test('forked workers are children of ours, with channel and output of their own', {
  skip,
}, async (t) => {
  const { bear } = open(t, forking);
  const [one, two] = await Promise.all([bear(1), bear(2)]);
  assert.notEqual(one.pid, two.pid);
  const heard = new Promise((resolve) => one.onMessage(resolve));
  one.send({ hello: 1 });
  assert.deepEqual(await heard, { hello: 1 });
  const printed = new Promise((resolve) => one.stdout?.once('data', resolve));
  assert.equal(String(await printed), 'out\n');
});

test('the exit of a forked worker is told as that of a spawned one', { skip }, async (t) => {
  const { bear } = open(t, forking);
  const [one, two] = await Promise.all([bear(1), bear(2)]);
  const ends = Promise.all([exitOf(one), exitOf(two)]);
  one.send({ exit: 3 });
  assert.equal(two.kill('SIGTERM'), true);
  assert.deepEqual(await ends, [
    { code: 3, signal: null },
    { code: null, signal: 'SIGTERM' },
  ]);
  assert.equal(one.kill('SIGTERM'), false);
});

test('workers outlive their nursery, and the next starts another', { skip }, async (t) => {
  const { bear, nursery } = open(t, forking);
  const one = await bear(1);
  const first = nursery.pid;
  nursery.kill('SIGKILL');
  await waitFor('the end of the nursery', () => nursery.pid === undefined);
  const two = await bear(2);
  assert.notEqual(nursery.pid, first);
  const heard = new Promise((resolve) => one.onMessage(resolve));
  one.send({ still: 'there' });
  assert.deepEqual(await heard, { still: 'there' });
  assert.ok(two.pid);
});

test('whoever waits for an import hears why it failed', { skip }, async (t) => {
  const script = `
import json, os
fd = int(os.environ["NODE_CHANNEL_FD"])
os.write(fd, json.dumps({"type": "failed", "kind": "app", "message": "no", "stack": "S"}).encode() + b"\\n")
os.read(fd, 1)
import time
time.sleep(60)
`;
  const { fork } = open(t, script);
  const births = await Promise.all([fork(1), fork(2)]);
  const failure = { type: 'failed', kind: 'app', message: 'no', stack: 'S' };
  assert.deepEqual(births, [
    { outcome: 'failed', failure },
    { outcome: 'failed', failure },
  ]);
});

test('a nursery that ends takes those along who wait for it', { skip }, async (t) => {
  const { fork } = open(t, 'import sys; print("why", file=sys.stderr); sys.exit(5)');
  assert.deepEqual(await fork(1), {
    outcome: 'lost',
    exit: { code: 5, signal: null },
    tail: 'why',
  });
});

test('a worker that nobody waits for any more is ended', { skip }, async (t) => {
  const { bear, fork, nursery } = open(t, forking);
  await bear(1);
  void fork(2);
  nursery.forget(2);
  const three = await bear(3);
  assert.ok(three.pid);
});
