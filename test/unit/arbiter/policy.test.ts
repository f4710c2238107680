import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyFrom } from '../../../src/arbiter/policy.ts';
import { defaultSettings } from '../../../src/settings/table.ts';

test('workers "auto" is two for each CPU and one more, a number is what it says', () => {
  const settings = defaultSettings();
  assert.equal(policyFrom({ ...settings, workers: 'auto' }, 4).workers, 9);
  assert.equal(policyFrom({ ...settings, workers: 3 }, 4).workers, 3);
});

test('decisions are made in milliseconds of the settings in seconds', () => {
  const policy = policyFrom({ ...defaultSettings(), timeout: 1.5, bootTimeout: 7 }, 1);
  assert.deepEqual([policy.timeoutMs, policy.bootMs], [1500, 7000]);
});
