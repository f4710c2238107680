import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Notified, type NotifySocket, openNotifySocket } from '../helpers/notify-socket.ts';
import { isAlive } from '../helpers/processes.ts';
import { needsPython } from '../helpers/python.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const python = { skip: needsPython() };
const bind = ['-b', '127.0.0.1:0', '-b', 'unix:app.sock'];

async function start(t: TestContext, app: string, watchdogMs = 300) {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': app });
  const service = await systemd.start(t, [...bind, '-w', '2', 'app.js'], { cwd, watchdogMs });
  await systemd.waitFor(/^READY=1$/);
  await systemd.waitUntil('the store', () => systemd.stored.length === 2);
  return { systemd, cwd, service, port: service.port() };
}

/** The n-th program that was made the main process. */
async function waitForMain(systemd: NotifySocket, count: number): Promise<number> {
  const { lines } = await systemd.waitFor(/^MAINPID=/, count);
  return Number(lines.join(' ').replace('MAINPID=', ''));
}

const saidBy = (systemd: NotifySocket, pid: number): Notified[] =>
  systemd.messages.filter((message) => message.pid === pid);

const firstWords = (messages: readonly Notified[]): string[] =>
  messages.map(({ lines }) => lines[0] ?? '').filter((line) => line !== 'WATCHDOG=1');

test('an upgrade makes the new program the service, twice in a row', python, async (t) => {
  const { systemd, service, port } = await start(t, helloApp());
  const names = systemd.stored;
  let old = service.pid;
  for (const round of [1, 2]) {
    process.kill(old, 'SIGUSR2');
    const young = await waitForMain(systemd, round);
    const wasSaid = () => firstWords(saidBy(systemd, young));
    await systemd.waitUntil('its status', () =>
      /^2\/2 workers ready/.test(wasSaid().at(-1)?.slice(7) ?? ''),
    );
    assert.deepEqual(
      wasSaid().map((line) => line.replace(/=.*/s, '')),
      ['READY', 'FDSTORE', 'FDSTORE', 'STATUS'],
    );
    const before = old;
    await systemd.waitUntil('the end of the old one', () => systemd.endOf(before));
    assert.deepEqual(systemd.endOf(before)?.code, 0);
    assert.equal(saidBy(systemd, old).at(-1)?.lines[0], `MAINPID=${young}`, 'and no STOPPING');
    assert.ok(saidBy(systemd, old).every(({ lines }) => !lines[0]?.startsWith('STOPPING')));
    old = young;
  }
  await systemd.waitUntil(
    'its watchdog',
    () => saidBy(systemd, old).filter(({ lines }) => lines[0] === 'WATCHDOG=1')[3],
  );
  assert.ok(
    systemd.messages.every(({ accepted }) => accepted),
    'nobody spoke out of turn',
  );
  assert.deepEqual(systemd.stored, names, 'what is kept is the same');
  assert.equal((await fetchOnce({ port })).status, 200);
  process.kill(old, 'SIGTERM');
  await systemd.waitFor(/^STOPPING=1$/);
  assert.equal((await systemd.waitUntil('its end', () => systemd.endOf(old))).code, 0);
});

test(
  'an upgrade keeps what the new program binds, and no more what it gives up',
  python,
  async (t) => {
    const systemd = await openNotifySocket(t);
    const bindTo = (...binds: string[]) => `app = "app.js"\nbind = ${JSON.stringify(binds)}\n`;
    const cwd = writeFiles(makeTempDir(t), {
      'app.js': helloApp('hello'),
      'tsgun.conf.toml': bindTo('127.0.0.1:0', 'unix:a.sock'),
    });
    const service = await systemd.start(t, [], { cwd });
    const port = service.port();
    const stored = () =>
      systemd.stored.map((name) => decodeURIComponent(name).replace(/.*[ /]/, ''));
    await systemd.waitUntil('the store', () => stored().join() === '127.0.0.1:0,a.sock');
    writeFiles(cwd, { 'tsgun.conf.toml': bindTo('127.0.0.1:0', 'unix:b.sock') });
    service.signal('SIGUSR2');
    await waitForMain(systemd, 1);
    await systemd.waitUntil('the store', () => stored().join() === '127.0.0.1:0,b.sock');
    await systemd.waitUntil('the end of the old one', () => systemd.endOf(service.pid));
    for (const target of [{ port }, { path: path.join(cwd, 'b.sock') }])
      assert.equal((await fetchOnce(target)).body, 'hello');
    await waitFor('its file to be gone', () => !existsSync(path.join(cwd, 'a.sock')));
  },
);

test('an upgrade that fails leaves the service as it was', python, async (t) => {
  const { systemd, cwd, service, port } = await start(t, helloApp('old'));
  writeFiles(cwd, { 'app.js': 'throw new Error("not today");' });
  service.signal('SIGUSR2');
  await service.waitForLog(/Upgrade failed.*not today/s);
  const heard = systemd.messages.length;
  await systemd.waitUntil('a word after it', () => systemd.messages.length > heard + 3);
  assert.ok(systemd.messages.every(({ pid }) => pid === service.pid));
  assert.ok(!systemd.texts.some((text) => /MAINPID|STOPPING|REMOVE/.test(text)));
  assert.equal((await fetchOnce({ port })).body, 'old');
  assert.equal(await service.stop(), 0);
});

test('an upgrade to settings that are refused says which', python, async (t) => {
  const { systemd, cwd, service } = await start(t, helloApp('old'));
  writeFiles(cwd, { 'tsgun.conf.toml': 'wokers = 2\n' });
  service.signal('SIGUSR2');
  await service.waitForLog(/Upgrade failed.*wokers/s);
  assert.ok(systemd.messages.every(({ pid }) => pid === service.pid));
});

test('a program that fails to succeed another takes nothing away from it', python, async (t) => {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), {
    'app.js': helloApp('old'),
    'tsgun.conf.toml': 'bind = ["unix:a.sock", "unix:b.sock"]\n',
  });
  const service = await systemd.start(t, ['-p', 'tsgun.pid', 'app.js'], { cwd });
  await service.waitForLog(/Control socket: /);
  writeFiles(cwd, {
    'tsgun.conf.toml': 'bind = ["unix:a.sock"]\n',
    'app.js': 'throw new Error("not today");',
  });
  service.signal('SIGUSR2');
  await service.waitForLog(/Upgrade failed.*not today/s);
  const [, failed = ''] = [...service.log.matchAll(/\[(\d+)\] \[INFO\] Starting/g)].map(
    ([, pid]) => pid,
  );
  await waitFor('its end', () => !isAlive(Number(failed)));
  const files = ['a.sock', 'b.sock'].map((name) => path.join(cwd, name));
  for (const file of files) assert.equal((await fetchOnce({ path: file })).body, 'old');
  assert.equal(readFileSync(path.join(cwd, 'tsgun.pid'), 'utf8').trim(), String(service.pid));
  assert.equal([...service.log.matchAll(/Control socket: /g)].length, 1);
  assert.equal(systemd.stored.length, 2);
});

const slowApp = `
  import { existsSync, readFileSync, writeFileSync } from 'node:fs';
  export default (req, res) => {
    if (req.url !== '/slow') return res.end(String(process.ppid));
    writeFileSync('taken', '');
    const timer = setInterval(() => {
      if (existsSync('answer')) res.end('done', () => clearInterval(timer));
    }, 10);
  };
`;

test(
  'the service ends after the program that it succeeded, which may have requests left',
  python,
  async (t) => {
    const { systemd, cwd, service, port } = await start(t, slowApp);
    const client = await StrictConnection.open({ port });
    const answer = client.get('/slow');
    await waitFor('the request to be taken', () => existsSync(path.join(cwd, 'taken')));
    service.signal('SIGUSR2');
    const young = await waitForMain(systemd, 1);
    await systemd.waitUntil('it to be ready', () =>
      saidBy(systemd, young).some(({ lines }) => lines[0] === 'READY=1'),
    );
    process.kill(young, 'SIGTERM');
    await systemd.waitFor(/^STOPPING=1$/);
    const heard = saidBy(systemd, young).length;
    await systemd.waitUntil(
      'more time',
      () =>
        saidBy(systemd, young)
          .slice(heard)
          .filter(({ lines }) => lines[0]?.startsWith('EXTEND_TIMEOUT_USEC='))[4],
    );
    assert.ok(isAlive(young) && isAlive(service.pid));
    writeFileSync(path.join(cwd, 'answer'), '');
    assert.equal((await answer).body, 'done');
    const end = await systemd.waitUntil('its end', () => systemd.endOf(young));
    assert.equal(end.code, 0);
    assert.ok(!isAlive(service.pid));
  },
);

test(
  'a systemd that is busy hears of the new program before it hears from it',
  python,
  async (t) => {
    const { systemd, service } = await start(t, helloApp(), 60);
    systemd.hold();
    service.signal('SIGUSR2');
    await service.waitForLog(/Ready: /, 2);
    await service.waitForLog(/Worker exiting/, 2);
    systemd.resume();
    const young = await waitForMain(systemd, 1);
    await systemd.waitUntil('it to be ready', () =>
      saidBy(systemd, young).find(({ lines }) => lines[0] === 'READY=1'),
    );
    assert.ok(
      systemd.messages.every(({ accepted }) => accepted),
      'nobody spoke out of turn',
    );
  },
);
