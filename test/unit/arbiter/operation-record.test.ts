import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome, Progress } from '../../../src/arbiter/event.ts';
import { OperationRecords, unwrap } from '../../../src/arbiter/operation-record.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import type { ProgressView } from '../../../src/protocol/control/views.ts';

const progress = (op: number, more: Partial<Progress> = {}): Progress => ({
  op,
  phase: 'rolling',
  text: 'on it',
  change: null,
  steps: null,
  ...more,
});

const change = (slot: number, pid: number, outcome: 'ready' | 'left') => ({
  slot,
  pid,
  generation: 2,
  outcome,
  detail: null,
});

function record(method = 'scale') {
  const clock = { now: 0 };
  const records = new OperationRecords(() => clock.now);
  const told: ProgressView[] = [];
  const { op, ended } = records.begin(method, (view) => told.push(view));
  return { clock, records, told, op, ended };
}

const good: Outcome = { ok: true, result: {} };

test('operations are numbered from 1, and each number is used once', async () => {
  const records = new OperationRecords(() => 0);
  const first = records.begin('scale', () => undefined);
  records.end(first.op, good);
  assert.deepEqual([first.op, records.begin('scale', () => undefined).op], [1, 2]);
});

test('progress is counted, and tells slot and steps', () => {
  const { records, told, op } = record();
  records.progress(progress(op, { phase: 'started', text: 'scale has begun' }));
  records.progress(progress(op, { change: change(3, 17, 'ready'), steps: { done: 1, total: 2 } }));
  assert.deepEqual(told, [
    {
      op,
      method: 'scale',
      seq: 1,
      phase: 'started',
      text: 'scale has begun',
      slot: null,
      done: null,
      total: null,
    },
    { op, method: 'scale', seq: 2, phase: 'rolling', text: 'on it', slot: 3, done: 1, total: 2 },
  ]);
});

test('the result says what became of each worker, the last word of each, by slot', async () => {
  const { records, op, ended } = record();
  records.progress(progress(op, { change: change(1, 11, 'ready') }));
  records.progress(progress(op, { change: change(0, 10, 'ready') }));
  records.progress(progress(op, { change: change(1, 11, 'left') }));
  records.end(op, { ok: true, result: { from: 1, to: 2, changed: true } });
  assert.deepEqual(await ended, {
    ok: true,
    result: {
      op,
      workers: [change(0, 10, 'ready'), change(1, 11, 'left')],
      from: 1,
      to: 2,
      changed: true,
    },
  });
});

test('a method without workers in its result is not given any', async () => {
  const { records, op, ended } = record('pause');
  records.end(op, { ok: true, result: { paused: true, changed: true } });
  assert.deepEqual(await ended, { ok: true, result: { op, paused: true, changed: true } });
});

test('a failure keeps its id and what became of the workers', async () => {
  const { records, op, ended } = record('pause');
  records.progress(progress(op, { change: change(1, 11, 'left') }));
  records.end(op, { ok: false, why: 'failed', message: 'no luck', detail: { more: 1 } });
  const outcome = await ended;
  assert.deepEqual(outcome, {
    ok: false,
    why: 'failed',
    message: 'no luck',
    detail: { op, workers: [change(1, 11, 'left')], more: 1 },
  });
  assert.throws(
    () => unwrap(outcome),
    (error) => {
      assert.ok(error instanceof TsgunError);
      assert.equal(error.code, 'TSGUN_E_OPERATION');
      assert.deepEqual(error.detail, { op, workers: [change(1, 11, 'left')], more: 1 });
      return true;
    },
  );
});

test('a conflict is an error of its own', () => {
  const conflict: Outcome = { ok: false, why: 'conflict', message: 'Cannot' };
  assert.throws(() => unwrap(conflict), { code: 'TSGUN_E_CONFLICT', controlExitCode: 6 });
});

test('whoever joins hears at once how far it is, then everything, and the same end', async () => {
  const { records, told, op, ended } = record();
  records.progress(progress(op));
  const joined: ProgressView[] = [];
  const second = records.join(op, (view) => joined.push(view));
  records.progress(progress(op));
  assert.deepEqual(
    joined.map(({ seq }) => seq),
    [1, 2],
  );
  assert.equal(told.length, 2);
  records.end(op, good);
  assert.deepEqual(await second, await ended);
});

test('one that is over can still be joined, and tells once what it was', async () => {
  const { records, op } = record();
  records.end(op, good);
  const joined: ProgressView[] = [];
  const outcome = await records.join(op, (view) => joined.push(view));
  records.progress(progress(op));
  assert.ok(outcome?.ok);
  assert.equal(joined.length, 1);
  assert.equal(joined[0]?.method, 'scale');
});

test('it ends once', async () => {
  const { records, op, ended } = record();
  records.end(op, { ok: true, result: { from: 1 } });
  records.end(op, { ok: false, why: 'failed', message: 'late' });
  assert.ok((await ended).ok);
});

test('the last hundred that are over are remembered, and every one that is not', () => {
  const records = new OperationRecords(() => 0);
  const { op: running } = records.begin('reload', () => undefined);
  for (let count = 0; count < 150; count += 1)
    records.end(records.begin('scale', () => undefined).op, good);
  assert.equal(
    records.join(51, () => undefined),
    undefined,
  );
  assert.ok(records.join(52, () => undefined));
  assert.ok(records.join(151, () => undefined));
  assert.ok(records.join(running, () => undefined));
  assert.equal(
    records.join(999, () => undefined),
    undefined,
  );
});

test('what runs is listed with its last words and its age', () => {
  const { clock, records, op } = record();
  records.progress(progress(op, { phase: 'started', text: 'scale has begun' }));
  clock.now = 1234.6;
  assert.deepEqual(records.running(), [
    { op, method: 'scale', phase: 'started', text: 'scale has begun', ageMs: 1235 },
  ]);
  records.end(op, good);
  assert.deepEqual(records.running(), []);
});

test('an operation that the core knows nothing of has progress, an id and an end as well', async () => {
  const records = new OperationRecords(() => 0);
  const told: string[] = [];
  const result = await records.run(
    'set',
    ({ phase }) => told.push(phase),
    async () => ({ to: 3 }),
  );
  assert.deepEqual([result, told], [{ op: 1, to: 3 }, ['started']]);
  assert.deepEqual(await records.join(1, () => undefined), { ok: true, result });
});

test('its failure keeps code and detail, gets the id, and can be joined', async () => {
  const records = new OperationRecords(() => 0);
  const fail = async () => {
    throw new TsgunError('TSGUN_E_BIND', 'Cannot listen', { detail: { address: ':80' } });
  };
  await assert.rejects(
    records.run('reload', () => undefined, fail),
    {
      code: 'TSGUN_E_BIND',
      message: 'Cannot listen',
      detail: { op: 1, address: ':80' },
    },
  );
  const outcome = await records.join(1, () => undefined);
  assert.ok(outcome && !outcome.ok);
  assert.equal(outcome.message, 'Cannot listen');
});

test('a surprise is passed on as it is', async () => {
  const records = new OperationRecords(() => 0);
  const bug = new RangeError('bug');
  await assert.rejects(
    records.run(
      'dump',
      () => undefined,
      () => Promise.reject(bug),
    ),
    (error) => error === bug,
  );
  assert.deepEqual(records.running(), []);
});
