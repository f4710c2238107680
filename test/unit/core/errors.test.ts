import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import {
  assertNever,
  type ErrorCode,
  errnoOf,
  errorCodes,
  explainError,
  headline,
  isErrorCode,
  messageOf,
  stackOf,
  TsgunError,
} from '../../../src/core/errors.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('every code has the exit code that tsgun(8) promises', () => {
  const promised: Record<ErrorCode, number> = {
    TSGUN_E_USAGE: 2,
    TSGUN_E_SETTINGS: 78,
    TSGUN_E_BIND: 1,
    TSGUN_E_PIDFILE: 1,
    TSGUN_E_LOG: 1,
    TSGUN_E_PRIVILEGES: 1,
    TSGUN_E_SPAWN: 1,
    TSGUN_E_SYSTEM: 1,
    TSGUN_E_WORKER_BOOT: 3,
    TSGUN_E_APP_LOAD: 4,
    TSGUN_E_CONTROL: 1,
    TSGUN_E_OPERATION: 1,
    TSGUN_E_CONFLICT: 1,
    TSGUN_E_DENIED: 1,
    TSGUN_E_BUSY: 1,
    TSGUN_E_NOT_RUNNING: 1,
    TSGUN_E_TIMEOUT: 1,
    TSGUN_E_LOST: 1,
  };
  for (const [code, exit] of Object.entries(promised)) {
    assert.equal(new TsgunError(code as ErrorCode, '').exitCode, exit, code);
  }
});

test('every code has the exit code that tsgunctl(1) promises, and an RPC code of its own', () => {
  const special: Partial<Record<ErrorCode, number>> = {
    TSGUN_E_USAGE: 2,
    TSGUN_E_NOT_RUNNING: 3,
    TSGUN_E_DENIED: 4,
    TSGUN_E_TIMEOUT: 5,
    TSGUN_E_CONFLICT: 6,
    TSGUN_E_LOST: 7,
  };
  const rpc = errorCodes.map((code) => new TsgunError(code, '').rpcCode);
  assert.equal(new Set(rpc).size, errorCodes.length);
  for (const code of errorCodes) {
    assert.equal(new TsgunError(code, '').controlExitCode, special[code] ?? 1, code);
    assert.notEqual(explainError(code), '');
  }
  assert.ok(errorCodes.every(isErrorCode));
  assert.ok(!isErrorCode('toString'));
});

test('a TsgunError is an error with a name, a code and a cause', () => {
  const cause = new Error('below');
  const error = new TsgunError('TSGUN_E_BIND', 'Cannot listen', { cause });
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'TsgunError');
  assert.equal(error.code, 'TSGUN_E_BIND');
  assert.equal(error.cause, cause);
  assert.match(String(error.stack), /^TsgunError: Cannot listen\n/);
});

test('messageOf has words for anything that can be thrown', () => {
  assert.equal(messageOf(new Error('no luck')), 'no luck');
  for (const thrown of ['no luck', 42, null, undefined, Symbol('no luck'), [1, 2]]) {
    assert.equal(messageOf(thrown), String(thrown));
  }
});

test('headline says what is wrong where a stack or the source comes with it', () => {
  assert.equal(headline('Error: broken\n    at file:///a.js:1:2'), 'Error: broken');
  assert.equal(
    headline('worker 0: /srv/a.js:1\nthis is {\n     ^^\n\nSyntaxError: Unexpected\n    at x'),
    'worker 0: /srv/a.js:1: SyntaxError: Unexpected',
  );
  assert.equal(headline('Cannot listen on :80'), 'Cannot listen on :80');
});

test('stackOf prefers the stack and does with less', () => {
  const error = new Error('no luck');
  assert.equal(stackOf(error), error.stack);
  assert.equal(stackOf('no luck'), 'no luck');
  Object.defineProperty(error, 'stack', { value: undefined });
  assert.equal(stackOf(error), 'no luck');
});

test('errnoOf names what the system said, and nothing else', () => {
  assert.equal(errnoOf(thrownBy(() => statSync('/nowhere/at/all'))), 'ENOENT');
  assert.equal(errnoOf(new Error('no luck')), undefined);
  assert.equal(errnoOf(Object.assign(new Error('odd'), { code: 42 })), undefined);
  assert.equal(errnoOf({ code: 'ENOENT' }), undefined);
});

test('assertNever throws and says what it was given', () => {
  assert.throws(() => assertNever({ type: 'unheard-of' } as never), /unheard-of/);
});
