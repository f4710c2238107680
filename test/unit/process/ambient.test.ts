import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const module = path.resolve(import.meta.dirname, '../../../src/process/ambient.ts');
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

/** In a process of its own, because what it gives away does not come back. */
const script = `
  import { execFileSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  import { lendCapabilities, withholdCapabilities } from ${JSON.stringify(module)};
  const read = (status) => Object.fromEntries(
    [...status.matchAll(/^Cap(Amb|Eff|Prm):\\s*([0-9a-f]+)$/gm)].map(([, set, bits]) => [set, Number('0x' + bits)]),
  );
  const ofChild = () => read(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }));
  const ofUs = () => read(readFileSync('/proc/self/status', 'utf8'));
  const before = ofChild();
  withholdCapabilities();
  const after = { us: ofUs(), child: ofChild() };
  const lent = lendCapabilities(ofChild);
  let thrown;
  try {
    lendCapabilities(() => { throw new Error('no luck'); });
  } catch (error) {
    thrown = error.message;
  }
  console.log(JSON.stringify({ before, after, lent, thrown, afterwards: ofChild() }));
`;

function run(through: readonly string[]) {
  const [file = '', ...args] = [...through, process.execPath, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout);
}

const none = { Amb: 0, Eff: 0, Prm: 0 };
const both = (1 << 10) | (1 << 5);

test('children have no capability, but for those that are lent them', rootOnly, () => {
  const asUser = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const caps = [
    '--inh-caps=-all,+net_bind_service,+kill',
    '--ambient-caps=-all,+net_bind_service,+kill',
  ];
  const { before, after, lent, thrown, afterwards } = run([...asUser, ...caps]);
  const all = { Amb: both, Eff: both, Prm: both };
  assert.deepEqual(before, all);
  assert.deepEqual(after, { us: { Amb: 0, Eff: both, Prm: both }, child: none });
  assert.deepEqual(lent, all);
  assert.equal(thrown, 'no luck');
  assert.deepEqual(afterwards, none, 'also after a spawn that failed');
});

test('where /proc is not mounted, nothing is known and nothing changes', rootOnly, () => {
  const code = `
    import { lendCapabilities, withholdCapabilities } from ${JSON.stringify(module)};
    withholdCapabilities();
    console.log(JSON.stringify({ lent: lendCapabilities(() => 'lent') }));
  `;
  const shell = 'mount -t tmpfs none /proc && exec "$@"';
  const args = ['--mount', '/bin/sh', '-c', shell, 'sh', process.execPath];
  const node = ['--input-type=module', '-e', code];
  const { stdout, stderr } = spawnSync('unshare', [...args, ...node], { encoding: 'utf8' });
  assert.equal(stdout.trim(), '{"lent":"lent"}', stderr);
});

test('who has none has none to lend, and nothing changes', rootOnly, () => {
  const { before, after, lent } = run([
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
  ]);
  assert.deepEqual([before, after.child, lent], [none, none, none]);
});
