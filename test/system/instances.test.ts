import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

const examples = '/usr/share/doc/tsgun/examples/systemd';
/** Who it is, where it may write, and what it sees. */
const whoApp = `import { writeFileSync } from 'node:fs';
const attempt = (file) => {
  try {
    writeFileSync(file, 'x');
    return 'written';
  } catch (error) {
    return error.code;
  }
};
export default (req, res) => {
  const { searchParams, pathname } = new URL(req.url, 'http://x');
  res.end(pathname === '/write' ? attempt(searchParams.get('file')) : String(process.getuid()));
};
`;

onBoxes('instances', {}, (box) => {
  const [one, two] = [new BoxInstance(box, 'one'), new BoxInstance(box, 'two')];
  const bodies = async () => [await box.network.body(8001), await box.network.body(8002)];
  const pids = async () => [await one.mainPid(), await two.mainPid()];
  /** Port 8003, with a drop-in of the examples. */
  const startWith = async (name: string, example: string, edit = ''): Promise<BoxInstance> => {
    const app = new BoxInstance(box, name);
    await app.write({
      files: { 'app.js': whoApp },
      settings: ["app = 'app.js'", "bind = '127.0.0.1:8003'"],
    });
    const dropIn = `/etc/systemd/system/${app.unit}.d`;
    await box.run(
      `mkdir -p ${dropIn} && sed '${edit}' ${examples}/${example}.conf >${dropIn}/override.conf`,
    );
    await box.run('systemctl daemon-reload');
    await app.systemctl('start');
    return app;
  };
  const writes = (file: string) =>
    box.network.body(8003, `/write?file=${encodeURIComponent(file)}`);

  test('are separate services', async () => {
    for (const [app, port] of [
      [one, 8001],
      [two, 8002],
    ] as const) {
      const settings = ["app = 'app.js'", `bind = '127.0.0.1:${port}'`];
      await app.write({ files: { 'app.js': helloApp(app.name) }, settings });
    }
    await box.run('systemctl enable --now tsgun@one tsgun@two');
    assert.deepEqual(await bodies(), ['one', 'two']);
    await one.systemctl('stop');
    assert.equal(await box.network.body(8002), 'two');
    assert.match(await box.run('tsgunctl ls'), /^two\b/m);
    await one.systemctl('start');
  });

  test('are restarted together, under load, without losing a request', async () => {
    const before = await pids();
    const loads = await Promise.all([8001, 8002].map((port) => box.network.load({ port }, 2)));
    await Promise.all(loads.map((load) => load.more(200)));
    await box.run('systemctl start tsgun.target && systemctl restart tsgun.target');
    await Promise.all(loads.map((load) => load.more(200)));
    await Promise.all([one, two].map((app) => app.waitForState('active')));
    const ends = await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      ends.flatMap(({ failures }) => failures),
      [],
    );
    for (const pid of await pids()) assert.ok(pid !== 0 && !before.includes(pid));
  });

  test('are reloaded, stopped and started together', async () => {
    await box.write('/srv/one/app.js', helloApp('one, reloaded'));
    await box.write('/srv/two/app.js', helloApp('two, reloaded'));
    await box.run("systemctl reload 'tsgun@*'");
    assert.deepEqual(await bodies(), ['one, reloaded', 'two, reloaded']);
    await box.run("systemctl stop tsgun.target 'tsgun@*.service'");
    for (const port of [8001, 8002]) await assert.rejects(box.network.body(port), /ECONNREFUSED/);
    await box.run('systemctl start tsgun.target');
    await Promise.all([one, two].map((app) => app.waitForState('active')));
    assert.deepEqual(await bodies(), ['one, reloaded', 'two, reloaded']);
  });

  test('can run as a user of their own', async () => {
    await box.run('useradd --system shop');
    const app = await startWith('own', 'own-user');
    assert.equal(await box.network.body(8003), await box.run('id -u shop'));
    assert.equal(
      await box.run(`stat -c '%U %G' ${app.socket} /var/lib/tsgun/own /var/log/tsgun/own`),
      'shop tsgun\nshop shop\nshop shop',
    );
    await app.systemctl('restart');
    await app.systemctl('reload');
    await app.systemctl('stop');
  });

  test('can run as a user that exists only meanwhile', async () => {
    const app = await startWith('dynamic', 'dynamic-user');
    const uid = await box.network.body(8003);
    assert.ok(Number(uid) >= 61_184 && Number(uid) <= 65_519, uid);
    assert.equal(await writes('/var/lib/tsgun/dynamic/kept'), 'written');
    await app.ctl('ping');
    await app.systemctl('reload');
    await app.systemctl('restart');
    assert.equal(await box.run('cat /var/lib/tsgun/dynamic/kept'), 'x');
    await app.systemctl('stop');
  });

  test('write to their own folders, and to more when allowed', async () => {
    await box.run('mkdir -p /srv/shop/uploads && chown -R tsgun /srv/shop');
    const app = await startWith('writer', 'writable-paths');
    assert.equal(await writes('/srv/shop/uploads/a'), 'written');
    assert.equal(await writes('/srv/shop/b'), 'EROFS');
    assert.equal(await writes('/etc/b'), 'EROFS');
    for (const place of ['/var/lib', '/var/cache', '/var/log'])
      assert.equal(await writes(`${place}/tsgun/writer/a`), 'written');
    assert.equal(await writes('/tmp/a'), 'written');
    assert.equal((await box.try('test -e /tmp/a')).code, 1, 'a /tmp of its own');
    assert.equal(await writes('/var/lib/tsgun/one/a'), 'EROFS');
    await app.systemctl('stop');
  });

  test('can run in a home folder, or without a sandbox', async () => {
    await box.run('useradd --create-home alice && install -d -o alice /home/alice/shop');
    const home = await startWith('home', 'home-folder');
    assert.equal(await box.network.body(8003), await box.run('id -u alice'));
    assert.equal(await writes('/home/alice/shop/a'), 'written');
    await home.systemctl('stop');
    const bare = await startWith('bare', 'no-sandbox');
    assert.equal(await writes('/tmp/visible'), 'written');
    assert.equal(await box.run('cat /tmp/visible'), 'x');
    await bare.systemctl('stop');
  });

  test('can have a journal of their own', async () => {
    const app = await startWith('apart', 'log-namespace');
    await waitFor('its log', async () => {
      const journal = await box.run('journalctl --namespace=tsgun -q -o cat -u tsgun@apart');
      return journal.includes('Ready: ');
    });
    await app.systemctl('stop');
  });

  test('can have limits, which a box cannot enforce', async () => {
    // No memory, cpu or pids controller reaches a box: that systemd knows them is all there is to see.
    const app = await startWith('limited', 'memory');
    const properties = await box.run(
      `systemctl show -p MemoryHigh,MemoryMax,TasksMax,CPUQuotaPerSecUSec ${app.unit}`,
    );
    assert.deepEqual(properties.split('\n').toSorted(), [
      'CPUQuotaPerSecUSec=2s',
      'MemoryHigh=734003200',
      'MemoryMax=1073741824',
      'TasksMax=512',
    ]);
    await app.systemctl('stop');
  });
});
