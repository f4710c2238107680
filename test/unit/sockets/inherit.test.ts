import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { closeDescriptor } from '../../../src/native/sockets.ts';
import { bindAddress } from '../../../src/sockets/bind.ts';
import { takeInherited } from '../../../src/sockets/inherit.ts';

const module = path.resolve(import.meta.dirname, '../../../src/sockets/inherit.ts');

/** `takeInherited` in a process of its own, which gets these descriptors as 3, 4 ... */
function takeInChild(descriptors: readonly number[], env: Record<string, string>) {
  const code = `
    import { readFileSync } from 'node:fs';
    import { takeInherited } from ${JSON.stringify(module)};
    const env = { LISTEN_PID: String(process.pid), ...JSON.parse(process.argv[1]) };
    const taken = takeInherited(env, process.pid);
    const flags = taken.map(({ fd }) => /flags:\\s+(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd))[1]);
    const closed = flags.every((flag) => parseInt(flag, 8) & 0o2000000);
    console.log(JSON.stringify({ taken, closed, left: Object.keys(env) }));
  `;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', code, '--', JSON.stringify(env)],
    { stdio: ['ignore', 'pipe', 'pipe', ...descriptors], encoding: 'utf8' },
  );
  return { ...JSON.parse(stdout || '{}'), stderr, status };
}

async function listener(t: TestContext): Promise<number> {
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  const options = { backlog: 1, reusePort: false, socketMode: 0, socketOwner: null };
  const fd = await bindAddress(address, options);
  t.after(() => closeDescriptor(fd));
  return fd;
}

test('takeInherited() takes the descriptors with their names and removes the variables', async (t) => {
  const descriptors = [await listener(t), await listener(t), await listener(t)];
  const { taken, closed, left } = takeInChild(descriptors, {
    LISTEN_FDS: '3',
    LISTEN_FDNAMES: 'http:admin',
  });
  assert.deepEqual(taken, [
    { fd: 3, name: 'http' },
    { fd: 4, name: 'admin' },
    { fd: 5, name: 'unknown' },
  ]);
  assert.ok(closed, 'workers must not get them by accident');
  assert.deepEqual(left, []);
});

test('takeInherited() refuses what does not listen', async (t) => {
  const { status, stderr } = takeInChild([await listener(t), 1], { LISTEN_FDS: '2' });
  assert.equal(status, 1);
  assert.match(stderr, /TSGUN_E_BIND/);
  assert.match(stderr, /Cannot listen on inherited descriptor 4: it is no listening socket/);
});

const nothing: Record<string, NodeJS.ProcessEnv> = {
  'no variables': {},
  'the pid of somebody else': { LISTEN_PID: '1', LISTEN_FDS: '1' },
  'no pid': { LISTEN_FDS: '1' },
  'no descriptors': { LISTEN_PID: String(process.pid), LISTEN_FDS: '0' },
  'a negative number': { LISTEN_PID: String(process.pid), LISTEN_FDS: '-1' },
  'no number': { LISTEN_PID: String(process.pid), LISTEN_FDS: 'x' },
  'far too many': { LISTEN_PID: String(process.pid), LISTEN_FDS: '99999999' },
};

for (const [what, env] of Object.entries(nothing)) {
  test(`takeInherited() takes nothing with ${what}`, () => {
    assert.deepEqual(takeInherited(env, process.pid), []);
    assert.deepEqual(env, {});
  });
}
