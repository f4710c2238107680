import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyFrom } from '../../../src/arbiter/policy.ts';
import { defaultSettings, type Settings } from '../../../src/settings/table.ts';

const node = (change: Partial<Settings>) => ({
  language: 'node' as const,
  settings: { ...defaultSettings(), ...change },
});

const python = (change: Partial<Settings>) =>
  policyFrom({ ...node(change), language: 'python' }, 1);

test('workers "auto" is two for each CPU and one more, a number is what it says', () => {
  assert.equal(policyFrom(node({ workers: 'auto' }), 4).workers, 9);
  assert.equal(policyFrom(node({ workers: 3 }), 4).workers, 3);
});

test('decisions are made in milliseconds of the settings in seconds', () => {
  const policy = policyFrom(node({ timeout: 1.5, bootTimeout: 7 }), 1);
  assert.deepEqual([policy.timeoutMs, policy.bootMs], [1500, 7000]);
});

test('only Python apps have gateways, and the same ones serve as long as what they do is the same', () => {
  const { gateways, edge } = policyFrom(node({ gateways: 2 }), 1);
  assert.deepEqual([gateways, edge], [0, '']);
  const first = python({ gateways: 2 });
  assert.equal(first.gateways, 2);
  const others = { workers: 7, threads: 4, maxRequests: 5, gracefulTimeout: 9 };
  assert.equal(python({ gateways: 2, ...others }).edge, first.edge);
  for (const change of [{ gateways: 1 }, { bind: [':1'] }, { static: ['/s/=/s'] }, { user: 'x' }])
    assert.notEqual(python({ gateways: 2, ...change }).edge, first.edge, JSON.stringify(change));
});
