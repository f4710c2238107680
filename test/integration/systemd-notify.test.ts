import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type NotifySocket, openNotifySocket } from '../helpers/notify-socket.ts';
import { needsPython } from '../helpers/python.ts';
import { readyLine, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const python = { skip: needsPython() };
const here = ['-b', '127.0.0.1:0'];

/** Boots when there is a file `go`, and answers a request for `/slow` when there is one `answer`. */
const patientApp = `
  import { existsSync, writeFileSync } from 'node:fs';
  const until = (file) => new Promise((resolve) => {
    const timer = setInterval(() => existsSync(file) && resolve(clearInterval(timer)), 10);
  });
  await until('go');
  export default async (req, res) => {
    if (req.url === '/slow') {
      writeFileSync('taken', '');
      await until('answer');
    }
    res.end('done');
  };
`;

const write = (dir: string, name: string, text = ''): void =>
  writeFileSync(path.join(dir, name), text);

async function startPatient(t: TestContext) {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': patientApp });
  const service = await systemd.start(t, [...here, '-w', '2', 'app.js'], {
    cwd,
    watchdogMs: 300,
    waitUntilReady: false,
  });
  return { systemd, cwd, service };
}

async function startHello(t: TestContext, options = {}) {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const service = await systemd.start(t, [...here, '-w', '2', 'app.js'], { cwd, ...options });
  await systemd.waitFor(/^READY=1/);
  return { systemd, cwd, service };
}

const has = (systemd: NotifySocket, pattern: RegExp): boolean =>
  systemd.texts.some((text) => pattern.test(text));

test(
  'READY comes with the workers, after their sockets are stored, however long they take',
  python,
  async (t) => {
    const { systemd, cwd, service } = await startPatient(t);
    await systemd.waitFor(/^EXTEND_TIMEOUT_USEC=10000000$/, 4);
    await systemd.waitFor(/^WATCHDOG=1$/, 4);
    assert.equal(systemd.status, 'starting: 0/2 workers ready, generation 1, 0 req/s');
    assert.ok(!has(systemd, /READY/));
    assert.equal(systemd.stored.length, 1);
    write(cwd, 'go');
    await systemd.waitFor(/^READY=1$/);
    await systemd.waitUntil('the status', () => /^2\/2 workers ready/.test(systemd.status));
    const { texts } = systemd;
    assert.match(texts[0] ?? '', /^FDSTORE=1 FDNAME=tsgun%20owned%200%200%20127\.0\.0\.1%3A0$/);
    assert.ok(texts.findLastIndex((text) => text.startsWith('EXTEND')) < texts.indexOf('READY=1'));
    assert.deepEqual(systemd.dropped, [], 'it listened before it was stored');
    assert.ok(
      systemd.messages.every(({ accepted }) => accepted),
      'children say nothing',
    );
    assert.equal(await service.stop(), 0);
  },
);

test('a stop says so, and gets its time for as long as a request takes', python, async (t) => {
  const { systemd, cwd, service } = await startPatient(t);
  write(cwd, 'go');
  await service.waitForLog(readyLine);
  await systemd.waitFor(/^READY=1/);
  const client = await StrictConnection.open({ port: service.port() });
  const answer = client.get('/slow');
  await systemd.waitUntil('the request to be taken', () => existsSync(path.join(cwd, 'taken')));
  systemd.clear();
  service.signal('SIGTERM');
  await systemd.waitFor(/^STOPPING=1$/);
  await systemd.waitFor(/^EXTEND_TIMEOUT_USEC=/, 4);
  await systemd.waitUntil('the status', () => /^stopping: 1 processes left/.test(systemd.status));
  assert.equal(
    systemd.texts[0]?.startsWith('WATCHDOG') ? systemd.texts[1] : systemd.texts[0],
    'STOPPING=1',
  );
  write(cwd, 'answer');
  assert.equal((await answer).body, 'done');
  assert.deepEqual(await service.exited(), { code: 0, signal: null });
  assert.ok(!has(systemd, /READY|RELOADING/));
});

test('a reload shows as one until the new workers serve', python, async (t) => {
  const { systemd, cwd, service } = await startPatient(t);
  write(cwd, 'go');
  await systemd.waitFor(/^READY=1/);
  systemd.clear();
  rmSync(path.join(cwd, 'go'));
  service.signal('SIGHUP');
  const reloading = await systemd.waitFor(/^RELOADING=1$/);
  const monotonic = Number(/MONOTONIC_USEC=(\d+)$/.exec(reloading.lines.join(' '))?.[1]);
  assert.ok(monotonic <= reloading.at && monotonic > reloading.at - 5_000_000, `${monotonic}`);
  await systemd.waitFor(/^EXTEND_TIMEOUT_USEC=/, 3);
  assert.match(systemd.status, /^reloading: 0\/2 workers ready, 2 old ones serve, generation 2/);
  assert.ok(!has(systemd, /READY=1/));
  write(cwd, 'go');
  await systemd.waitFor(/^READY=1$/);
  await systemd.waitUntil('the status', () => /^2\/2 .* generation 2,/.test(systemd.status));
  assert.equal(await service.stop(), 0);
});

test(
  'a reload that fails ends as well, and the status says why until one succeeds',
  python,
  async (t) => {
    const { systemd, cwd, service } = await startHello(t);
    write(cwd, 'app.js', 'throw new Error("not today");');
    service.signal('SIGHUP');
    await systemd.waitFor(/^READY=1$/, 2);
    await systemd.waitUntil('the status', () =>
      /; reload failed: .*not today/.test(systemd.status),
    );
    assert.match(systemd.status, /^2\/2 workers ready, generation 1/);
    assert.ok(
      systemd.texts.findIndex((text) => text.startsWith('RELOADING')) <
        systemd.texts.lastIndexOf('READY=1'),
    );
    assert.equal((await fetchOnce({ port: service.port() })).body, 'hello');
    write(cwd, 'app.js', helloApp('again'));
    service.signal('SIGHUP');
    await systemd.waitFor(/^READY=1$/, 3);
    await systemd.waitUntil('the status', () => /generation 3, \d+ req\/s$/.test(systemd.status));
    assert.equal(await service.stop(), 0);
  },
);

const badStarts: [what: string, code: number, args: string[], status: RegExp][] = [
  ['an app that throws', 4, [...here, 'bad.js'], /^failed: .*no luck/],
  [
    'an address that is not ours',
    1,
    ['-b', '192.0.2.1:80', 'app.js'],
    /^failed: Cannot listen on "192.0.2.1:80"/,
  ],
  ['a setting that is wrong', 78, [...here, '-w', 'x', 'app.js'], /^failed: .*workers/i],
  ['no app', 78, here, /^failed: No application given/],
  ['a config file that is wrong', 78, ['-c', 'bad.toml'], /^failed: .*bad\.toml/],
];

for (const [what, expected, args, status] of badStarts) {
  test(
    `a start that fails with ${what} is never READY, and the status says why`,
    python,
    async (t) => {
      const systemd = await openNotifySocket(t);
      const cwd = writeFiles(makeTempDir(t), {
        'app.js': helloApp(),
        'bad.js': 'throw new Error("no luck");',
        'bad.toml': 'app = "app.js"\nwokers = 2\n',
      });
      const service = await systemd.start(t, args, { cwd, waitUntilReady: false });
      assert.equal((await service.exited()).code, expected);
      await systemd.waitUntil('the status', () => status.test(systemd.status));
      assert.ok(!has(systemd, /READY/));
    },
  );
}

test(
  'a watchdog is fed often enough, and not by an arbiter that stands still',
  python,
  async (t) => {
    const watchdogMs = 1500;
    const stuck = await startHello(t, { watchdogMs });
    const lively = await startHello(t, { watchdogMs });
    stuck.systemd.clear(); // it counts from READY on
    await stuck.systemd.waitFor(/^WATCHDOG=1$/, 4);
    const beats = stuck.systemd.messages.filter(({ lines }) => lines.includes('WATCHDOG=1'));
    for (const [index, { at }] of beats.slice(1).entries())
      assert.ok(at - (beats[index]?.at ?? 0) < watchdogMs * 1000, 'it would be killed');
    stuck.service.signal('SIGSTOP');
    lively.systemd.clear();
    await lively.systemd.waitFor(/^WATCHDOG=1$/); // what was on its way has come
    stuck.systemd.clear();
    await lively.systemd.waitFor(/^WATCHDOG=1$/, 4);
    assert.deepEqual(stuck.systemd.texts, []);
    stuck.service.signal('SIGCONT');
    await stuck.systemd.waitFor(/^WATCHDOG=1$/, 2);
  },
);

for (const [what, env] of [
  ['another process', { WATCHDOG_USEC: '300000', WATCHDOG_PID: '1' }],
  ['nobody', {}],
] as const) {
  test(`a watchdog for ${what} is not fed`, python, async (t) => {
    const { systemd, service } = await startHello(t, { env });
    service.signal('SIGHUP');
    await systemd.waitFor(/^READY=1$/, 2);
    assert.equal(await service.stop(), 0);
    assert.ok(!has(systemd, /WATCHDOG/));
  });
}

test('a systemd that is busy is told everything in the end, in order', python, async (t) => {
  const { systemd, service } = await startHello(t, { watchdogMs: 30 });
  systemd.clear();
  systemd.hold();
  for (let round = 1; round <= 3; round += 1) {
    service.signal('SIGHUP');
    await service.waitForLog(/Reload done/, round);
  }
  assert.equal((await fetchOnce({ port: service.port() })).body, 'hello', 'nobody waits for it');
  systemd.resume();
  const words = () =>
    systemd.texts
      .flatMap((text) => /^(READY|RELOADING)/.exec(text)?.[1] ?? [])
      .filter((word, index, all) => word !== all[index - 1]);
  await systemd.waitUntil('three reloads', () => words().length === 6);
  assert.deepEqual(words(), Array.from({ length: 3 }, () => ['RELOADING', 'READY']).flat());
});

test(
  'a systemd that is busy hears of a start that fails, and of all that is to be kept',
  python,
  async (t) => {
    const systemd = await openNotifySocket(t);
    const cwd = writeFiles(makeTempDir(t), { 'app.js': 'throw new Error("no luck");' });
    const addresses = Array.from({ length: 30 }, (_, index) => ['-b', `unix:${index}.sock`]).flat();
    systemd.hold();
    const service = await systemd.start(t, [...addresses, 'app.js'], {
      cwd,
      waitUntilReady: false,
    });
    await service.waitForLog(/no luck/);
    systemd.resume();
    assert.equal((await service.exited()).code, 4);
    await systemd.waitUntil('the store', () => systemd.stored.length === 30);
    await systemd.waitUntil('the status', () => /^failed: .*no luck/.test(systemd.status));
  },
);

test('an abstract socket is notified as well', python, async (t) => {
  const systemd = await openNotifySocket(t, `@tsgun-test-${process.pid}`);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const service = await systemd.start(t, [...here, 'app.js'], { cwd });
  await systemd.waitFor(/^READY=1$/);
  assert.equal(systemd.stored.length, 1);
  assert.equal(await service.stop(), 0);
});

const deaf: [what: string, socket: (dir: string) => string, why: RegExp][] = [
  ['is not there', (dir) => `${dir}/none`, /ENOENT/],
  ['is a folder', (dir) => dir, /ECONNREFUSED/],
  ['has too long a name', (dir) => `${dir}/${'x'.repeat(120)}`, /Cannot use/],
  ['is none of this kernel', () => 'vsock:2:1234', /Cannot use "vsock:2:1234"/],
  ['is an abstract one of nobody', () => '@tsgun-test-nobody', /ECONNREFUSED/],
  ['is a relative path', () => 'notify', /Cannot use "notify"/],
];

for (const [what, place, why] of deaf) {
  test(`a NOTIFY_SOCKET that ${what} is warned of once, and changes nothing`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
    const env = { NOTIFY_SOCKET: place(cwd), WATCHDOG_USEC: '60000', FDSTORE: '64' };
    const tsgun = await startTsgun(t, ['app.js'], { cwd, env });
    tsgun.signal('SIGHUP');
    await tsgun.waitForLog(/Reload done/);
    await waitFor(
      'an answer',
      async () => (await fetchOnce({ port: tsgun.port })).body === 'hello',
    );
    assert.equal(await tsgun.stop(), 0);
    const warnings = tsgun.log.split('\n').filter((line) => /Cannot notify/.test(line));
    assert.equal(warnings.length, 1, tsgun.log);
    assert.match(warnings[0] ?? '', /\[WARNING\]/);
    assert.match(warnings[0] ?? '', why);
    assert.match(tsgun.log, readyLine);
  });
}
