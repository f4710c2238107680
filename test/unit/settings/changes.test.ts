import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffSettings } from '../../../src/settings/changes.ts';
import { defaultSettings } from '../../../src/settings/table.ts';

test('diffSettings finds nothing between equal readings', () => {
  assert.deepEqual(diffSettings(defaultSettings(), defaultSettings()), []);
});

test('diffSettings tells what changed and what a reload makes of it', () => {
  const before = defaultSettings();
  const after = { ...before, workers: 3, bind: [':80', ':81'], loglevel: 'debug' as const };
  assert.deepEqual(diffSettings(before, { ...after, pidfile: '/run/x' }), [
    { name: 'bind', before: ['127.0.0.1:8000'], after: [':80', ':81'], onReload: 'generation' },
    { name: 'workers', before: 1, after: 3, onReload: 'generation' },
    { name: 'loglevel', before: 'info', after: 'debug', onReload: 'live' },
    { name: 'pidfile', before: null, after: '/run/x', onReload: 'restart' },
  ]);
});
