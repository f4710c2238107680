import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkParams } from '../../../src/control/check-params.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { type MethodName, methodNames, methodOf } from '../../../src/protocol/control/methods.ts';

const check = (method: MethodName, given: unknown) =>
  checkParams(method, methodOf(method).params, given);

const refused = (method: MethodName, given: unknown): string => {
  try {
    check(method, given);
  } catch (error) {
    assert.ok(error instanceof TsgunError);
    assert.equal(error.code, 'TSGUN_E_USAGE');
    return error.message;
  }
  throw new Error(`${method} took ${JSON.stringify(given)}`);
};

test('parameters come by name or by position, checked', () => {
  assert.deepEqual(check('scale', { workers: '+2' }), { workers: '+2' });
  assert.deepEqual(check('scale', ['+2']), { workers: '+2' });
  assert.deepEqual(check('reload', { stabilize: '2m', reason: 'x' }), {
    stabilize: 120,
    reason: 'x',
  });
  assert.deepEqual(check('set', ['loglevel', 'debug']), { name: 'loglevel', value: 'debug' });
  assert.deepEqual(check('recycle', [3, true]), { slot: 3, all: true });
});

test('what is text that can be a number may be one', () => {
  assert.deepEqual(check('scale', { workers: 4 }), { workers: '4' });
  assert.deepEqual(check('wait', { operation: 17 }), { operation: '17' });
  assert.deepEqual(check('wait', ['op:17']), { operation: 'op:17' });
  assert.match(refused('wait', [0]), /has to be the id of an operation: 17 or "op:17", not 0$/);
});

test('what is not given, or null, is not there', () => {
  assert.deepEqual(check('recycle', undefined), {});
  assert.deepEqual(check('recycle', []), {});
  assert.deepEqual(check('recycle', [null, true]), { all: true });
  assert.deepEqual(check('recycle', { slot: null }), {});
});

test('an unknown parameter is named, with what was probably meant', () => {
  assert.equal(
    refused('scale', { workers: '1', worker: '2' }),
    'Cannot call "scale": unknown parameter "worker", did you mean "workers"?',
  );
  assert.match(refused('ping', { zzz: 1 }), /: unknown parameter "zzz"$/);
});

test('names that every object has are no parameters', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
    assert.match(refused('ping', JSON.parse(`{"${name}":{"x":1}}`)), new RegExp(`"${name}"`));
  assert.equal((Object.prototype as { x?: unknown }).x, undefined);
});

test('missing and bad parameters are told together', () => {
  assert.equal(refused('scale', {}), 'Cannot call "scale": parameter "workers" is missing');
  assert.equal(
    refused('scale', { workers: null }),
    'Cannot call "scale": parameter "workers" is missing',
  );
  assert.equal(
    refused('scale', { workers: 'x' }),
    'Cannot call "scale": parameter "workers" has to be a number of workers such as "4", "+2" or "-1", not "x"',
  );
  assert.match(refused('set', {}), /"name" is missing; parameter "value" is missing$/);
});

test('too many by position is told', () => {
  assert.match(refused('scale', ['1', '2']), /: it takes at most 1 parameter, not 2$/);
  assert.match(refused('ping', [1]), /: it takes no parameters, not 1$/);
});

test('values of any size and depth are quoted in short', () => {
  let deep: unknown = [];
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  for (const value of [deep, { deep }, 'x'.repeat(1_000_000), 1e308, true])
    assert.ok(refused('scale', { workers: value }).length < 250);
  const many = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, n) => [`p${n}`.repeat(50), n]),
  );
  assert.ok(refused('ping', many).length < 1000);
});

test('in the table, required parameters come before the others, as calls by position need it', () => {
  for (const name of methodNames) {
    const required = Object.values(methodOf(name).params).map((param) => param.required);
    assert.deepEqual(required, required.toSorted().reverse(), name);
  }
});
