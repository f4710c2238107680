import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectTo } from '../helpers/control.ts';
import { makeSystemctl, sayJob } from '../helpers/fake-systemctl.ts';
import { makeUnitGroup, openNotifySocket } from '../helpers/notify-socket.ts';
import { needsPython, pythonWith } from '../helpers/python.ts';
import {
  fetchOnce,
  type Hammer,
  hammer,
  StrictConnection,
  type Target,
} from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const python = { skip: needsPython() };

const writeConfig = (cwd: string, lines: string): string =>
  writeFiles(cwd, { 'tsgun.conf.toml': `app = "app.js"\n${lines}\n` });

/** A service with this config; `again` starts it once more, as systemd does after its end. */
async function begin(t: TestContext, config: string, systemctl = sayJob('restart running')) {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  writeConfig(cwd, config);
  const { path: PATH, calls } = makeSystemctl(t, systemctl);
  const cgroup = makeUnitGroup(t);
  const start = (more = {}) =>
    systemd.start(t, [], { cwd, cgroup, env: { PATH }, reverse: true, ...more });
  const first = await start();
  await systemd.waitFor(/^READY=1$/);
  return { systemd, cwd, calls, cgroup, first, start };
}

const untilAnswered = (loads: readonly Hammer[], more: number): Promise<boolean> => {
  const goals = loads.map(({ answered }) => answered + more);
  return waitFor(`${more} more answers`, () =>
    loads.every(({ answered }, index) => answered >= (goals[index] ?? 0)),
  );
};

const binds: [what: string, config: string][] = [
  ['TCP and a Unix socket', 'bind = ["127.0.0.1:0", "unix:app.sock"]\nworkers = 2'],
  ['reuse_port', 'bind = ["127.0.0.1:0"]\nreuse_port = true\nworkers = 3'],
  [
    'two ports with reuse_port',
    'bind = ["127.0.0.1:0", "127.0.0.2:0"]\nreuse_port = true\nworkers = 3',
  ],
];

async function targetsOf(log: string, cwd: string): Promise<Target[]> {
  const tcp = [...log.matchAll(/Listening at: http:\/\/([\d.]+):(\d+)/g)];
  const unix = path.join(cwd, 'app.sock');
  return [
    ...tcp.map(([, host = '', port]) => ({ host, port: Number(port) })),
    ...(existsSync(unix) ? [{ path: unix }] : []),
  ];
}

for (const [what, config] of binds) {
  test(`a restart under load loses nothing: ${what}`, python, async (t) => {
    const { systemd, cwd, calls, cgroup, first, start } = await begin(t, config);
    const targets = await targetsOf(first.log, cwd);
    const loads = targets.flatMap((target) =>
      [true, false].map((keepAlive) => hammer(t, { target, connections: 3, keepAlive })),
    );
    const names = systemd.stored;
    let service = first;
    for (let round = 0; round < 3; round += 1) {
      await untilAnswered(loads, 100);
      assert.equal(await service.stop(), 0);
      assert.deepEqual(systemd.stored, names);
      service = await start({ reverse: round % 2 === 0 });
    }
    await untilAnswered(loads, 100);
    await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      loads.flatMap((load) => load.failures),
      [],
    );
    assert.deepEqual(new Set(await targetsOf(service.log, cwd)), new Set(targets));
    const question = 'list-jobs --no-legend --plain -- tsgun@app.service';
    if (cgroup) assert.equal(calls(), [question, question, question].join('\n'));
    assert.ok(!systemd.texts.some((text) => text.startsWith('FDSTOREREMOVE')));
  });

  test(`after a crash those who come are let in, and wait: ${what}`, python, async (t) => {
    const { systemd, cwd, first, start } = await begin(t, config);
    const targets = await targetsOf(first.log, cwd);
    first.signal('SIGKILL');
    assert.equal((await first.exited()).signal, 'SIGKILL');
    const clients = await Promise.all(
      targets.flatMap((target) => Array.from({ length: 20 }, () => StrictConnection.open(target))),
    );
    const answers = clients.map((client) => client.get());
    await start();
    for (const answer of answers) assert.equal((await answer).status, 200);
    for (const client of clients) client.close();
    assert.deepEqual(systemd.dropped, []);
  });
}

test('a restart under load loses nothing: a Python app behind its gateway', python, async (t) => {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), {
    'app.py': `
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`,
  });
  const { path: PATH } = makeSystemctl(t, sayJob('restart running'));
  const cgroup = makeUnitGroup(t);
  const args = ['-b', '127.0.0.1:0', '-w', '2', '--python', pythonWith(), 'app:app'];
  let service = await systemd.start(t, args, { cwd, cgroup, env: { PATH } });
  const target = { port: service.port() };
  const loads = [true, false].map((keepAlive) => hammer(t, { target, connections: 3, keepAlive }));
  for (let round = 0; round < 2; round += 1) {
    await untilAnswered(loads, 100);
    assert.equal(await service.stop(), 0);
    service = await systemd.start(t, args, { cwd, cgroup, env: { PATH } });
  }
  await untilAnswered(loads, 100);
  await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(
    loads.flatMap((load) => load.failures),
    [],
  );
});

const stops: [answer: string, script: string, kept: boolean][] = [
  ['it is being restarted', sayJob('restart running'), true],
  ['it will be restarted', sayJob('restart waiting'), true],
  ['it is being stopped', sayJob('stop running'), false],
  ['there are no jobs', 'echo "No jobs running."', false],
  ['nothing', '', false],
  ['other units are restarted', `echo ' 1 restart.service stop running'`, false],
  ['that it fails', 'echo "restart running"; exit 1', true],
  ['nothing, and hangs', 'exec sleep 600', true],
];

for (const [answer, script, kept] of stops) {
  test(
    `the sockets are ${kept ? 'kept' : 'given up'} at a stop when systemctl says ${answer}`,
    python,
    async (t) => {
      const config = 'bind = ["127.0.0.1:0", "unix:app.sock"]';
      const { systemd, cwd, calls, cgroup, first } = await begin(t, config, script);
      if (!cgroup) return t.skip('needs control groups that can be made');
      const targets = await targetsOf(first.log, cwd);
      assert.equal(targets.length, 2);
      assert.equal(await first.stop(), 0);
      assert.match(calls(), /^list-jobs .*tsgun@app\.service$/);
      await systemd.waitUntil('the store', () => systemd.stored.length === (kept ? 2 : 0));
      for (const target of targets) {
        if (kept) (await StrictConnection.open(target)).close();
        else await assert.rejects(StrictConnection.open(target), /ECONNREFUSED|ENOENT/);
      }
    },
  );
}

test('without systemctl the sockets are kept', python, async (t) => {
  const { systemd, first } = await begin(t, 'bind = ["127.0.0.1:0"]');
  await first.stop();
  systemd.forget();
  await systemd.waitUntil('the store', () => systemd.stored.length === 0);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const options = { cwd, cgroup: makeUnitGroup(t), env: { PATH: '/nonexistent' } };
  const second = await systemd.start(t, ['-b', '127.0.0.1:0', 'app.js'], options);
  assert.equal(await second.stop(), 0);
  assert.equal(systemd.stored.length, 1);
});

test('a stop that an operator asks tsgun for gives the sockets up', python, async (t) => {
  const { systemd, cwd, calls, first } = await begin(t, 'bind = ["127.0.0.1:0", "unix:app.sock"]');
  await first.waitForLog(/Control socket: /);
  const control = await connectTo(t, /Control socket: (\S+)/.exec(first.log)?.[1] ?? '');
  await control.call('stop', {});
  assert.equal((await first.exited()).code, 0);
  await systemd.waitUntil('the store to be empty', () => systemd.stored.length === 0);
  assert.equal(calls(), '', 'nobody is asked');
  assert.ok(!existsSync(path.join(cwd, 'app.sock')));
});

test(
  'an address that was given up while it was down is closed, and no longer kept',
  python,
  async (t) => {
    const { systemd, cwd, first, start } = await begin(
      t,
      'bind = ["127.0.0.1:0", "127.0.0.2:0", "unix:app.sock", "unix:b.sock"]',
    );
    const [kept, dropped] = await targetsOf(first.log, cwd);
    assert.ok(kept && dropped);
    assert.equal(await first.stop(), 0);
    assert.equal(systemd.stored.length, 4);
    writeConfig(cwd, 'bind = ["127.0.0.1:0", "unix:b.sock", "unix:c.sock"]');
    await start();
    await systemd.waitUntil('the store', () => systemd.stored.length === 3);
    assert.deepEqual(
      systemd.stored.map((name) => decodeURIComponent(name).replace(/^.*[ /]/, '')).toSorted(),
      ['127.0.0.1:0', 'b.sock', 'c.sock'],
    );
    await assert.rejects(StrictConnection.open(dropped), /ECONNREFUSED/);
    assert.ok(!existsSync(path.join(cwd, 'app.sock')));
    for (const target of [kept, { path: path.join(cwd, 'b.sock') }])
      assert.equal((await fetchOnce(target)).status, 200);
  },
);

test(
  'what a reload binds is kept from then on, and what it gives up no longer',
  python,
  async (t) => {
    const { systemd, cwd, first, start } = await begin(
      t,
      'bind = ["127.0.0.1:0", "unix:app.sock"]',
    );
    const [kept] = await targetsOf(first.log, cwd);
    writeConfig(cwd, 'bind = ["127.0.0.1:0", "unix:b.sock"]');
    first.signal('SIGHUP');
    await systemd.waitFor(/^FDSTOREREMOVE=1$/);
    await systemd.waitUntil('the store', () => systemd.stored.length === 2);
    assert.match(systemd.stored.join(' '), /b\.sock/);
    assert.ok(kept);
    assert.equal(await first.stop(), 0);
    const waiting = await StrictConnection.open({ path: path.join(cwd, 'b.sock') });
    const answer = waiting.get();
    await start();
    assert.equal((await answer).status, 200);
    waiting.close();
    assert.equal((await fetchOnce(kept)).status, 200);
    // A reload that fails changes nothing.
    writeConfig(cwd, 'bind = ["127.0.0.1:0", "unix:c.sock"]\nraw_env = ["BAD=1"]');
    writeFiles(cwd, { 'app.js': 'throw new Error("not today");' });
    const before = systemd.stored;
    process.kill(Number(systemd.messages.at(-1)?.pid), 'SIGHUP');
    await systemd.waitUntil('it to fail', () => /reload failed/.test(systemd.status));
    assert.deepEqual(systemd.stored, before);
  },
);

test('a start that fails leaves the sockets for the next one', python, async (t) => {
  const { systemd, cwd, first, start } = await begin(t, 'bind = ["127.0.0.1:0", "unix:app.sock"]');
  const targets = await targetsOf(first.log, cwd);
  assert.equal(await first.stop(), 0);
  writeFiles(cwd, { 'app.js': 'throw new Error("no luck");' });
  const clients = await Promise.all(targets.map(StrictConnection.open));
  const answers = clients.map((client) => client.get());
  const bad = await start({ waitUntilReady: false });
  assert.equal((await bad.exited()).code, 4);
  assert.equal(systemd.stored.length, 2);
  writeFiles(cwd, { 'app.js': helloApp('at last') });
  await start();
  for (const answer of answers) assert.equal((await answer).body, 'at last');
  for (const client of clients) client.close();
});

test('with too small a store nothing is kept, which is said once', python, async (t) => {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  writeConfig(cwd, 'bind = ["127.0.0.1:0"]\nreuse_port = true\nworkers = 3');
  const service = await systemd.start(t, [], { cwd, storeMax: 2 });
  const port = service.port();
  await systemd.waitFor(/^READY=1$/);
  service.signal('SIGHUP');
  await service.waitForLog(/Reload done/);
  assert.equal(await service.stop(), 0);
  assert.equal([...service.log.matchAll(/A restart will refuse connections/g)].length, 1);
  assert.match(service.log, /3 descriptors, and FileDescriptorStoreMax=2/);
  assert.deepEqual(systemd.stored, []);
  await assert.rejects(StrictConnection.open({ port }), /ECONNREFUSED/);
});

test('without a store nothing is said and nothing kept', python, async (t) => {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const service = await systemd.start(t, ['-b', '127.0.0.1:0', 'app.js'], { cwd, storeMax: 0 });
  const port = service.port();
  await systemd.waitFor(/^READY=1$/);
  assert.equal(await service.stop(), 0);
  assert.ok(!systemd.texts.some((text) => text.includes('FDSTORE')));
  assert.doesNotMatch(service.log, /refuse connections/);
  await assert.rejects(StrictConnection.open({ port }), /ECONNREFUSED/);
});

test(
  'a slot that ends under load, with a systemd that is slow, loses nobody',
  python,
  async (t) => {
    const config = 'bind = ["127.0.0.1:0"]\nreuse_port = true\nworkers = 3';
    const { systemd, first } = await begin(t, config);
    await systemd.waitUntil('the store', () => systemd.stored.length === 3);
    const load = hammer(t, { target: { port: first.port() }, connections: 8, keepAlive: false });
    await untilAnswered([load], 200);
    systemd.hold();
    first.signal('SIGTTOU');
    await waitFor('a worker to be gone', () => first.workers().length === 2);
    await untilAnswered([load], 500);
    first.signal('SIGTTIN');
    await waitFor('another worker', () => first.workers().length === 3);
    await untilAnswered([load], 1000);
    systemd.resume();
    await untilAnswered([load], 1000);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal(await first.stop(), 0);
  },
);

test(
  'settings of the sockets themselves that were changed while it was down hold',
  python,
  async (t) => {
    const unix = 'bind = ["127.0.0.1:0", "unix:app.sock"]\nworkers = 3';
    const { cwd, first, start, systemd } = await begin(
      t,
      `${unix}\nreuse_port = true\nsocket_mode = "700"`,
    );
    const file = path.join(cwd, 'app.sock');
    assert.equal(statSync(file).mode & 0o777, 0o700);
    const port = first.port();
    const ask = (number: number) =>
      Promise.all(Array.from({ length: number }, () => fetchOnce({ port })));
    first.signal('SIGKILL'); // while the kernel leads clients to all three
    await first.exited();
    writeConfig(cwd, `${unix}\nsocket_mode = "770"`);
    const second = await start();
    assert.equal(statSync(file).mode & 0o777, 0o770);
    assert.equal((await ask(60)).length, 60, 'nobody waits for a socket that nobody accepts on');
    assert.equal(await second.stop(), 0);
    writeConfig(cwd, `${unix}\nreuse_port = true`);
    const third = await start();
    assert.equal((await ask(60)).length, 60);
    assert.equal(await third.stop(), 0);
    assert.deepEqual(systemd.dropped, []);
  },
);
