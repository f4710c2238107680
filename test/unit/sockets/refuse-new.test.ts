import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, localAddress } from '../../../src/native/sockets.ts';
import { bindAddress } from '../../../src/sockets/bind.ts';
import { leadAside, refuseNew } from '../../../src/sockets/refuse-new.ts';

const options = { backlog: 16, reusePort: false, socketMode: 0, socketOwner: null };

async function listen(t: TestContext, host: string) {
  const fd = await bindAddress({ kind: 'tcp', host, port: 0 }, options);
  t.after(() => closeDescriptor(fd));
  const local = localAddress(fd);
  return { fd, family: local.family, port: 'port' in local ? local.port : 0 };
}

const connecting = (t: TestContext, host: string, port: number) => {
  const socket = net.connect({ host, port });
  t.after(() => socket.destroy());
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  connected.catch(() => undefined);
  return { socket, connected };
};

const ways: Record<string, (fd: number) => number | null> = {
  'the means there are': (fd) => refuseNew([fd]),
  'no privileges': (fd) => leadAside([fd]),
};

for (const [means, refuse] of Object.entries(ways)) {
  for (const [host, clients] of [
    ['127.0.0.1', ['127.0.0.1']],
    ['*', ['127.0.0.1', '::1']],
  ] as const) {
    test(`refusing on "${host}" with ${means} keeps who waits and lets nobody in`, async (t) => {
      const { fd, family, port } = await listen(t, host);
      const from = clients.filter((client) => client !== '::1' || family === 'ipv6');
      const early = from.map((client) => connecting(t, client, port));
      await Promise.all(early.map(({ connected }) => connected));
      const aside = refuse(fd);
      if (aside !== null) t.after(() => closeDescriptor(aside));
      let late = 0;
      for (const client of from)
        void connecting(t, client, port).connected.then(
          () => (late += 1),
          () => undefined,
        );
      const server = net.createServer((socket) => socket.end('served'));
      t.after(() => server.close());
      server.listen({ fd });
      const answers = early.map(
        ({ socket }) => new Promise((resolve) => socket.once('data', resolve)),
      );
      for (const answer of answers) assert.equal(String(await answer), 'served');
      assert.equal(late, 0);
    });
  }
}

const setpriv = '/usr/bin/setpriv';

test('without the capability the other way is taken', {
  skip:
    (process.getuid?.() !== 0 && 'needs root') ||
    (!existsSync(setpriv) && 'needs setpriv of util-linux'),
}, () => {
  const src = path.resolve(import.meta.dirname, '../../../src/sockets');
  const program = `
    import { bindAddress } from '${src}/bind.ts';
    import { refuseNew } from '${src}/refuse-new.ts';
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 };
    refuseNew([await bindAddress(address, ${JSON.stringify(options)})]);
  `;
  const node = [process.execPath, '--input-type=module', '-e', program];
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const { status, stderr } = spawnSync(setpriv, [...nobody, ...node], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
