import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { chooseBind } from '../../../../src/cli/init/choose-bind.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

const portOf = async (file: string): Promise<number> => {
  const [address = ''] = await chooseBind(file);
  assert.match(address, /^127\.0\.0\.1:8\d\d\d$/);
  return Number(address.split(':')[1]);
};

test('chooseBind() leaves out what other configurations name', async (t) => {
  const dir = makeTempDir(t);
  const first = await portOf(path.join(dir, 'new.toml'));
  writeFiles(dir, {
    'a.toml': `bind = "0.0.0.0:${first}"`,
    'b.toml': `bind = ["unix:/run/x", "[::1]:${first + 1}"]`,
    'c.toml': 'this is no TOML',
    'd.toml': 'bind = [7, ":x"]',
    'e.json': `{ "bind": ":${first + 2}" }`,
  });
  const next = await portOf(path.join(dir, 'new.toml'));
  assert.ok(next >= first + 2, `${next}`);
});

test('chooseBind() knows that a configuration without an address has the default one', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'a.toml': 'app = "x"' });
  assert.notEqual(await portOf(path.join(dir, 'new.toml')), 8000);
});

test('chooseBind() leaves out what somebody listens at', async (t) => {
  const dir = makeTempDir(t);
  const server = createServer();
  t.after(() => server.close());
  for (;;) {
    const port = await portOf(path.join(dir, 'new.toml'));
    server.listen({ port, host: '0.0.0.0' });
    // Somebody else of this machine may be faster.
    if (await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => false)) {
      if (server.listening) {
        assert.notEqual(await portOf(path.join(dir, 'new.toml')), port);
        return;
      }
    }
  }
});

test('chooseBind() keeps what the file says that is replaced', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'own.toml': 'bind = [":1", "unix:/run/x"]' });
  assert.deepEqual(await chooseBind(path.join(dir, 'own.toml')), [':1', 'unix:/run/x']);
});
