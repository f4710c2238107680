import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintFor } from '../../../../ctl/output/hints.ts';
import { toJson, wrapFailure, wrapResult } from '../../../../ctl/output/json.ts';
import { pickField, renderValue } from '../../../../ctl/output/pick.ts';
import { errorCodes, TsgunError } from '../../../../src/core/errors.ts';

const facts = { instance: 'web', op: 17, tookMs: 12 };

test('wrapResult() has the keys that programs rely on', () => {
  assert.deepEqual(wrapResult(facts, [1]), {
    v: 1,
    ok: true,
    instance: 'web',
    op: 17,
    tookMs: 12,
    data: [1],
    error: null,
  });
});

test('wrapFailure() tells code, exit and detail', () => {
  const error = new TsgunError('TSGUN_E_CONFLICT', 'Busy', { detail: { op: 12 } });
  assert.deepEqual(wrapFailure(facts, error, error.controlExitCode, 'wait'), {
    v: 1,
    ok: false,
    instance: 'web',
    op: 17,
    tookMs: 12,
    data: { op: 12 },
    error: {
      code: 'TSGUN_E_CONFLICT',
      rpc: -32_012,
      exit: 6,
      message: 'Busy',
      hint: 'wait',
      detail: { op: 12 },
    },
  });
  const bare = new TsgunError('TSGUN_E_LOST', 'Gone');
  assert.equal(wrapFailure(facts, bare, 7, null).data, null);
});

test('toJson() hides nothing from a terminal, and stays the same JSON', () => {
  const value = { text: '\u001b]0;x\u0007\u009b31m\u202e\u2028\u007f', more: 'ü日' };
  const json = toJson(value);
  assert.match(json, /^[^\p{Cc}\p{Cf}\u2028]*$/u);
  assert.deepEqual(JSON.parse(json), value);
});

test('pickField() goes into objects and lists', () => {
  const data = { workers: { ready: 4 }, list: [{ a: 1 }, { a: null }] };
  assert.equal(pickField(data, 'workers.ready'), 4);
  assert.equal(pickField(data, 'list.0.a'), 1);
  assert.deepEqual(pickField(data, 'list.a'), [1, null]);
  assert.equal(pickField(data, 'list.b'), undefined);
  assert.equal(pickField(data, 'workers.nope'), undefined);
  assert.equal(pickField(data, '__proto__'), undefined);
  assert.deepEqual(pickField([], 'a'), []);
});

test('renderValue() prints bare values, lists one per line', () => {
  assert.equal(renderValue({ a: 'x y' }, 'a'), 'x y\n');
  assert.equal(renderValue({ a: null }, 'a'), '\n');
  assert.equal(renderValue([{ slot: 0 }, { slot: 1 }], 'slot'), '0\n1\n');
  assert.equal(renderValue([], 'slot'), '');
  assert.equal(renderValue([{ a: { b: 1 } }], null), '{"a":{"b":1}}\n');
  assert.throws(() => renderValue({ a: 1, b: 2 }, 'c'), {
    code: 'TSGUN_E_USAGE',
    message: '--field: the result has no "c", it has a, b',
  });
});

test('hintFor() says how to follow what goes on, for the same instance', () => {
  const failed = { op: 17, method: 'reload', command: 'tsgunctl -i web', detail: {} };
  assert.equal(
    hintFor({ ...failed, code: 'TSGUN_E_TIMEOUT' }),
    'follow with "tsgunctl -i web wait op:17", give up with "tsgunctl -i web abort"',
  );
  assert.equal(
    hintFor({ ...failed, method: 'scale', code: 'TSGUN_E_TIMEOUT' }),
    'follow with "tsgunctl -i web wait op:17"',
    'what cannot be given up',
  );
  assert.match(hintFor({ ...failed, code: 'TSGUN_E_LOST' }) ?? '', /wait op:17/);
  assert.equal(hintFor({ ...failed, op: null, code: 'TSGUN_E_TIMEOUT' }), null);
  const workers = [{ slot: 0, outcome: 'ready' }, { slot: 3, outcome: 'failed' }, null];
  assert.equal(
    hintFor({ ...failed, code: 'TSGUN_E_OPERATION', detail: { workers } }),
    '"tsgunctl -i web why 3" tells more',
  );
  for (const code of errorCodes) hintFor({ ...failed, code, detail: { workers: 'nonsense' } });
});
