import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedValue } from '../../../src/arbiter/masked-settings.ts';
import { defaultSettings } from '../../../src/settings/table.ts';

const masked = (...rawEnv: string[]) => maskedValue('rawEnv', { ...defaultSettings(), rawEnv });

test('of a variable its name is shown, of its value nothing, not even how long it is', () => {
  assert.deepEqual(masked('TOKEN=s3cret', 'URL=postgres://u:p@h/db?x=y', 'EMPTY='), [
    'TOKEN=***',
    'URL=***',
    'EMPTY=***',
  ]);
});

test('a value of several lines is hidden to its end', () => {
  assert.deepEqual(masked('KEY=-----BEGIN\nMII=\n-----END'), ['KEY=***']);
});

test('what is no pair at all is hidden whole', () => {
  assert.deepEqual(masked('s3cret'), ['***']);
});

test('what is no secret is shown as it is', () => {
  const settings = { ...defaultSettings(), workers: 3, bind: ['a=b'] };
  assert.equal(maskedValue('workers', settings), 3);
  assert.deepEqual(maskedValue('bind', settings), ['a=b']);
  assert.equal(maskedValue('pidfile', settings), null);
  assert.deepEqual(masked(), []);
});
