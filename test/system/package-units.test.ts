import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { root } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTools, tool } from '../helpers/tool.ts';

const skip = missingTools('systemd-analyze');
const folder = path.join(root, 'systemd');
const examples = readdirSync(path.join(folder, 'examples'));

/** All units, with programs that there are on this machine, and perhaps a drop-in. */
function prepare(t: TestContext, example?: string): (...args: string[]) => string {
  const dir = makeTempDir(t);
  for (const name of readdirSync(folder).filter((file) => file.startsWith('tsgun'))) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    writeFileSync(path.join(dir, name), text.replaceAll(/\/usr\/bin\/tsgun(ctl)?\b/g, '/bin/true'));
  }
  if (example !== undefined) {
    const text = readFileSync(path.join(folder, 'examples', example), 'utf8');
    const kind = text.includes('[Socket]') ? 'socket' : 'service';
    mkdirSync(path.join(dir, `tsgun@app.${kind}.d`));
    writeFileSync(path.join(dir, `tsgun@app.${kind}.d/override.conf`), text);
  }
  return (...args) => tool('systemd-analyze', args, { SYSTEMD_UNIT_PATH: `${dir}:` });
}

const units = ['tsgun@app.service', 'tsgun@app.socket', 'tsgun.target'];

test('systemd understands the units', { skip }, (t) => {
  assert.equal(prepare(t)('verify', '--man=no', ...units), '');
});

for (const example of examples) {
  test(`systemd understands the units with ${example}`, { skip }, (t) => {
    assert.equal(prepare(t, example)('verify', '--man=no', ...units), '');
  });
}

/** Tenths, as systemd-analyze counts. */
const score = (said: string): number =>
  Number(/Overall exposure level.*: ([\d.]+)/.exec(said)?.[1]) * 10;

const rate = (t: TestContext, example?: string): number =>
  score(prepare(t, example)('security', '--offline=yes', '--no-pager', 'tsgun@app.service'));

test('an instance is exposed by no more than 2.0', { skip }, (t) => {
  prepare(t)('security', '--offline=yes', '--no-pager', '--threshold=20', 'tsgun@app.service');
  assert.ok(rate(t) <= 20);
});

test('what the examples promise of the sandbox is so', { skip }, (t) => {
  const plain = rate(t);
  assert.ok(rate(t, 'tight.conf') <= 12);
  assert.ok(rate(t, 'no-sandbox.conf') > 70);
  const others = examples.filter((name) => !/tight|no-sandbox|home-folder|port/.test(name));
  for (const example of others) assert.ok(rate(t, example) <= plain, example);
});

test('what cannot be seen in a box is asked for', () => {
  const text = readFileSync(path.join(folder, 'tsgun@.service'), 'utf8');
  const lines = text.split('\n');
  const wanted = [
    'Type=notify',
    'NotifyAccess=main',
    'OOMPolicy=continue',
    'KillMode=mixed',
    'RestartPreventExitStatus=2 78',
    'StartLimitIntervalSec=0',
    'FileDescriptorStoreMax=512',
    'Environment=FDSTORE=512',
  ];
  for (const line of wanted) assert.ok(lines.includes(line), line);
  // Another user's instance would belong to our group.
  assert.doesNotMatch(text, /^Group=/m);
});
