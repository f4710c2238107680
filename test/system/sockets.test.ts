import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { helloApp } from '../helpers/write-files.ts';

onBoxes('a socket unit', {}, (box) => {
  const web = new BoxInstance(box, 'web');
  const override = async (unit: string, lines: readonly string[]) => {
    await box.write(`/etc/systemd/system/${unit}.d/override.conf`, `${lines.join('\n')}\n`);
    await box.run('systemctl daemon-reload');
  };

  test('starts its instance by the first request', async () => {
    await web.write({
      files: { 'app.js': helloApp('web') },
      settings: ["app = 'app.js'", "bind = 'fd://listen'"],
    });
    const addresses = [
      'ListenStream=',
      'ListenStream=127.0.0.1:80',
      'ListenStream=/run/tsgun/web.sock',
    ];
    await override('tsgun@web.socket', ['[Socket]', ...addresses]);
    await box.run('systemctl enable --now tsgun@web.socket');
    assert.equal(await web.show('ActiveState'), 'inactive');
    assert.equal(await box.network.body(80), 'web');
    await web.waitForState('active');
    const unix = { path: await box.path('/run/tsgun/web.sock') };
    assert.deepEqual(await box.network.get(unix), { status: 200, body: 'web' });
    assert.equal(await box.run("stat -c '%a %U' /run/tsgun/web.sock"), '660 tsgun');
    // systemd has them already.
    assert.equal(await web.show('NFileDescriptorStore'), '0');
  });

  test('keeps its clients over restart, reload and upgrade', async () => {
    const loads = await Promise.all([
      box.network.load({ port: 80 }),
      box.network.load({ path: await box.path('/run/tsgun/web.sock') }, 2),
    ]);
    const more = () => Promise.all(loads.map((load) => load.more(200)));
    for (const act of ['restart', 'reload', 'restart']) {
      await more();
      await web.systemctl(act);
    }
    await more();
    await web.ctl('upgrade');
    await more();
    await web.systemctl('restart');
    await more();
    const ends = await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      ends.flatMap(({ failures }) => failures),
      [],
    );
  });

  test('starts it again after a stop, with the next request', async () => {
    await web.systemctl('stop');
    assert.equal(await web.show('ActiveState'), 'inactive');
    assert.equal(await box.network.body(80), 'web');
    await web.waitForState('active');
  });

  test('allows an instance without any privilege', async () => {
    await box.run('mkdir -p /etc/systemd/system/tsgun@web.service.d');
    await box.run(
      'cp /usr/share/doc/tsgun/examples/systemd/tight.conf /etc/systemd/system/tsgun@web.service.d/',
    );
    await box.run('systemctl daemon-reload && systemctl stop tsgun@web.service');
    assert.equal(await box.network.body(80), 'web');
    assert.match(await box.run(`cat /proc/${await web.mainPid()}/status`), /^CapBnd:\t0{16}$/m);
    await box.run('systemd-analyze security --threshold=12 tsgun@web.service');
    await box.run("systemctl stop 'tsgun@web.*'");
    await assert.rejects(box.network.body(80), /ECONNREFUSED/);
  });

  test('is found by its address where bind says no name', async () => {
    const app = new BoxInstance(box, 'plain');
    await app.write({
      files: { 'app.js': helloApp('plain') },
      settings: ["app = 'app.js'", "bind = '127.0.0.1:90'"],
    });
    await override('tsgun@plain.socket', [
      '[Socket]',
      'ListenStream=',
      'ListenStream=127.0.0.1:90',
    ]);
    await box.run('systemctl start tsgun@plain.socket');
    assert.equal(await box.network.body(90), 'plain');
    assert.equal(await app.show('NFileDescriptorStore'), '0');
    await box.run("systemctl stop 'tsgun@plain.*'");
  });

  test('is found by its name, beside others of the same instance', async () => {
    const app = new BoxInstance(box, 'two');
    const portApp = 'export default (req, res) => res.end(String(req.socket.localPort));\n';
    const settings = ["app = 'app.js'", "bind = ['fd://public', '127.0.0.1:92']"];
    await app.write({ files: { 'app.js': portApp }, settings });
    for (const [name, port] of [
      ['public', 91],
      ['admin', 93],
    ] as const) {
      const lines = [
        `[Socket]`,
        `ListenStream=127.0.0.1:${port}`,
        `FileDescriptorName=${name}`,
        'Service=tsgun@two.service',
      ];
      await box.write(`/etc/systemd/system/two-${name}.socket`, `${lines.join('\n')}\n`);
    }
    await box.run('systemctl daemon-reload && systemctl start two-public.socket two-admin.socket');
    assert.equal(await box.network.body(91), '91');
    assert.equal(await box.network.body(92), '92');
    assert.equal(await app.show('NFileDescriptorStore'), '1');
    // Not asked for: nobody answers there until a reload says so.
    await app.configure(["app = 'app.js'", "bind = ['fd://public', 'fd://admin']"]);
    await app.systemctl('reload');
    assert.equal(await box.network.body(93), '93');
    assert.equal(await box.network.body(91), '91');
    await assert.rejects(box.network.body(92), /ECONNREFUSED/);
    assert.equal(await app.show('NFileDescriptorStore'), '0');
    await app.systemctl('restart');
    assert.deepEqual([await box.network.body(91), await box.network.body(93)], ['91', '93']);
  });
});
