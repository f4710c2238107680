import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultGlobals, readGlobals } from '../../../../ctl/command-line/globals.ts';
import { methodOfVerb, readParams } from '../../../../ctl/command-line/params.ts';
import type { RawLine } from '../../../../ctl/command-line/raw-line.ts';
import { methodNames } from '../../../../src/protocol/control/methods.ts';
import { methodsWithoutVerb, verbGroups } from '../../../../src/protocol/control/verbs.ts';

const line = (flags: RawLine['flags'], ...operands: string[]): RawLine => ({
  verb: null,
  operands,
  flags,
});
const globals = (flags: RawLine['flags']) => readGlobals(line(flags), defaultGlobals);
const usage = (message: string) => ({ code: 'TSGUN_E_USAGE', message });

test('readGlobals() fills in the defaults', () => {
  assert.deepEqual(globals({}), defaultGlobals);
});

test('readGlobals() reads durations with and without a unit', () => {
  assert.equal(globals({ '--timeout': '500ms' }).timeoutMs, 500);
  assert.equal(globals({ '--timeout': '30' }).timeoutMs, 30_000);
  assert.equal(globals({ '--timeout': '2m' }).timeoutMs, 120_000);
  assert.throws(
    () => globals({ '--timeout': '-1' }),
    usage('--timeout: expected seconds from 0, or a duration such as "500ms" or "2m", not "-1"'),
  );
});

test('readGlobals() takes --field as a wish for bare values', () => {
  assert.deepEqual(
    { output: 'value', field: 'a.b' },
    (({ output, field }) => ({ output, field }))(globals({ '--field': 'a.b' })),
  );
  assert.throws(() => globals({ '--field': 'a', '--output': 'json' }), { code: 'TSGUN_E_USAGE' });
});

test('readGlobals() refuses what does not go together', () => {
  assert.throws(() => globals({ '--instance': 'a', '--socket': 'b' }), { code: 'TSGUN_E_USAGE' });
  assert.throws(() => globals({ '--fields': 'a', '--output': 'json' }), { code: 'TSGUN_E_USAGE' });
  assert.throws(() => globals({ '--fields': ' , ' }), { code: 'TSGUN_E_USAGE' });
  assert.throws(
    () => globals({ '--output': 'xml' }),
    usage('--output: expected one of "table", "json", "jsonl", "value", not "xml"'),
  );
});

test('readGlobals() lets a new address replace the inherited one as a whole', () => {
  const inherited = { ...defaultGlobals, socket: '/run/tsgun/web/control.sock' };
  const found = readGlobals(line({ '--instance': 'api' }), inherited);
  assert.deepEqual([found.instance, found.socket], ['api', null]);
  assert.equal(readGlobals(line({}), inherited).socket, inherited.socket);
});

test('readParams() reads arguments by place and flags by name', () => {
  assert.deepEqual(readParams('scale', line({}, '-1')), { workers: '-1' });
  assert.deepEqual(readParams('recycle', line({ '--all': true })), { all: true });
  assert.deepEqual(readParams('kill', line({ '--signal': 'TERM' }, '3')), {
    slot: 3,
    signal: 'TERM',
  });
  assert.deepEqual(
    readParams(
      'reload',
      line({ '--confirm-within': '5m', '--if-generation': '41', '--canary': true }),
    ),
    { confirmWithin: 300, ifGeneration: 41, canary: true },
  );
});

test('readParams() names the flag or the argument that is wrong', () => {
  assert.throws(
    () => readParams('reload', line({ '--confirm-within': 'soon' })),
    usage(
      '--confirm-within: expected seconds from 0.1, or a duration such as "500ms" or "2m", not "soon"',
    ),
  );
  assert.throws(
    () => readParams('recycle', line({}, '-3')),
    usage('SLOT: expected a whole number from 0 to 65535, not "-3"'),
  );
  assert.throws(() => readParams('scale', line({}, '1\u001b[31m')), { message: /\\u001b/ });
});

test('every method is a verb of its name, but those that other verbs reach', () => {
  const all = Object.values(verbGroups).flat() as string[];
  for (const method of methodNames) {
    const hidden = methodsWithoutVerb.includes(method);
    assert.equal(methodOfVerb(method), hidden ? undefined : method);
    assert.equal(all.includes(method), !hidden, method);
  }
});
