import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FakeCall, progress, startFake } from '../helpers/fake-instance.ts';
import { runCtl } from '../helpers/run-ctl.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface App {
  server: Server;
  seen: string[];
  handle: RequestListener;
  listeners: unknown[];
}

/** An app on a TCP port and on a Unix socket. */
async function startApp(t: TestContext, dir: string): Promise<App> {
  const seen: string[] = [];
  const app: App = {
    server: createServer(),
    seen,
    handle: (_req, res) => res.end('ok'),
    listeners: [],
  };
  const servers = [app.server, createServer()];
  for (const [index, server] of servers.entries()) {
    server.on('request', (req, res) => {
      seen.push(`${index} ${req.url}`);
      app.handle(req, res);
    });
    await new Promise<void>((resolve) => {
      if (index === 0) server.listen(0, '127.0.0.1', resolve);
      else server.listen(path.join(dir, 'app.sock'), resolve);
    });
    t.after(() => server.closeAllConnections());
    t.after(() => new Promise((resolve) => server.close(resolve)));
  }
  const { port } = app.server.address() as AddressInfo;
  app.listeners = [`127.0.0.1:${port}`, `unix:${path.join(dir, 'app.sock')}`].map((address) => ({
    address,
    url: address.startsWith('unix') ? address : `http://${address}`,
    backlog: 100,
    queued: 0,
    shared: true,
  }));
  return app;
}

const done = (outcome: string) => ({
  op: 5,
  outcome,
  generation: 4,
  previous: 3,
  confirmWithinMs: null,
  changes: [],
  workers: [],
});

/** Is under way until `end` says how it ended. */
function slowReload() {
  const ended = Promise.withResolvers<unknown>();
  const reload = ({ notify }: FakeCall) => {
    notify('progress', progress(5, 'reload'));
    return ended.promise;
  };
  return { reload, end: ended.resolve, fail: ended.reject };
}

test('reload --prove asks through every listener until after the end', async (t) => {
  const dir = makeTempDir(t);
  const app = await startApp(t, dir);
  const { reload, end } = slowReload();
  await startFake(t, dir, 'web', { listeners: () => app.listeners, reload });
  const run = runCtl(t, ['reload', '--prove', '--prove-path', '/health?x', '-o', 'json'], {
    TSGUN_RUN_DIR: dir,
  });
  await waitFor('probes', () => app.seen.length > 20);
  end(done('done'));
  const { code, stdout } = await run;
  assert.equal(code, 0);
  const { data } = JSON.parse(stdout);
  assert.ok(data.probes > 20, `${data.probes} probes`);
  assert.deepEqual(new Set(app.seen), new Set(['0 /health?x', '1 /health?x']));
});

test('reload --prove gives the reload up when a probe fails', async (t) => {
  const dir = makeTempDir(t);
  const app = await startApp(t, dir);
  const { reload, fail } = slowReload();
  const fake = await startFake(t, dir, 'web', {
    listeners: () => app.listeners,
    reload,
    abort: () => {
      fail(new Error('aborted'));
      return { op: 6, aborted: 5, method: 'reload' };
    },
  });
  const run = runCtl(t, ['reload', '--prove'], { TSGUN_RUN_DIR: dir });
  await waitFor('probes', () => app.seen.length > 4);
  app.handle = (req, res) => {
    if (req.socket.localPort === undefined) res.statusCode = 503;
    res.end();
  };
  const { code, stderr } = await run;
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^tsgunctl: Proof failed: GET \/ through unix:.*app\.sock: status 503 after \d+ms \(probe \d+\), the reload was given up\n/,
  );
  assert.equal(fake.called('abort').length, 1);
});

test('reload --prove rolls back what waits to be confirmed', async (t) => {
  const dir = makeTempDir(t);
  const app = await startApp(t, dir);
  const fake = await startFake(t, dir, 'web', {
    listeners: () => app.listeners,
    reload: () => {
      app.handle = (_req, res) => {
        res.writeHead(200, { 'content-length': '10' });
        res.write('half', () => res.destroy());
      };
      return done('confirming');
    },
    rollback: () => ({ op: 6, generation: 3, workers: [] }),
  });
  const { code, stderr } = await runCtl(t, ['reload', '--prove'], { TSGUN_RUN_DIR: dir });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /the answer was cut off .*the reload was rolled back\n/);
  assert.equal(fake.called('rollback').length, 1);
});

test('reload --prove does not begin when the app fails already', async (t) => {
  const dir = makeTempDir(t);
  const app = await startApp(t, dir);
  const fake = await startFake(t, dir, 'web', { listeners: () => app.listeners });
  app.handle = (req) => req.socket.destroy();
  const { code, stderr } = await runCtl(t, ['reload', '--prove'], { TSGUN_RUN_DIR: dir });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^tsgunctl: Cannot prove the reload: GET \/ through .* nothing was changed\n/,
  );
  assert.deepEqual(fake.called('reload'), []);
  for (const args of [
    ['--prove', '--no-wait'],
    ['--prove-path', 'health'],
    ['--prove-path', '/a b'],
  ]) {
    assert.equal((await runCtl(t, ['reload', ...args], { TSGUN_RUN_DIR: dir })).code, 2);
  }
});
