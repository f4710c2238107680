import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

/** An app that takes its time to boot. */
const slowToBoot = (text: string) =>
  `await new Promise((done) => setTimeout(done, 1500));\n${helloApp(text)}`;

const errors = [/not today/, /Reload failed/, /workrs/, /Worker .* exited with code 1/];

onBoxes('systemctl reload', { errors }, (box) => {
  const app = new BoxInstance(box, 'app');
  const settings = ["app = 'app.js'", 'workers = 2'];
  const source = '/srv/app/app.js';

  const answers = async () => {
    const bodies = await Promise.all(Array.from({ length: 20 }, () => box.network.body(8000)));
    return [...new Set(bodies)];
  };

  test('returns when the new code serves, and loses no request', async (t) => {
    await app.start({ files: { 'app.js': helloApp('one') }, settings });
    const load = await box.network.load({ port: 8000 });
    for (const text of ['two', 'three', 'four']) {
      await load.more(1000);
      await box.write(source, helloApp(text));
      await app.systemctl('reload');
      assert.deepEqual(await answers(), [text]);
      assert.equal(await app.show('ActiveState'), 'active');
    }
    await load.more(10_000);
    const { answered, failures } = await load.stop();
    t.diagnostic(`${answered} requests`);
    assert.deepEqual(failures, []);
  });

  test('of a broken app fails, says why, and leaves the old code serving', async () => {
    const load = await box.network.load({ port: 8000 });
    await box.write(source, 'throw new Error("not today");\n');
    const { code, stderr } = await box.try('systemctl reload tsgun@app');
    assert.equal(code, 1);
    assert.match(stderr, /Job for tsgun@app.service failed/);
    await load.more(1000);
    const { bodies, failures } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual(Object.keys(bodies), ['four']);
    assert.equal(await app.show('ActiveState'), 'active');
    assert.equal(await app.show('ReloadResult'), 'exit-code');
    assert.match(await app.show('StatusText'), /not today|failed/);
    assert.match(await app.log(), /tsgunctl.*not today|not today/s);
  });

  test('of a bad setting fails as well, and another one succeeds', async () => {
    await app.configure([...settings, 'workrs = 3']);
    const { code } = await box.try('systemctl reload tsgun@app');
    assert.equal(code, 1);
    assert.deepEqual(await answers(), ['four']);
    assert.match(await app.log(), /workrs/);
    await app.configure(settings);
    await box.write(source, helloApp('five'));
    await app.systemctl('reload');
    assert.deepEqual(await answers(), ['five']);
    assert.equal(await app.show('ReloadResult'), 'success');
    assert.match(await app.show('StatusText'), /^2\/2 workers ready, generation \d+, \d+ req\/s$/);
  });

  test('shows as a state while it lasts', async () => {
    await box.write(source, slowToBoot('six'));
    const reload = app.systemctl('reload');
    await app.waitForState('reloading');
    assert.match(await box.run('systemctl status tsgun@app'), /Active: reloading/);
    await reload;
    assert.equal(await app.show('ActiveState'), 'active');
    assert.deepEqual(await answers(), ['six']);
  });

  test('is what SIGHUP does by hand', async () => {
    await box.write(source, slowToBoot('seven'));
    await box.run(`kill -HUP ${await app.mainPid()}`);
    await app.waitForState('reloading');
    await app.waitForState('active');
    assert.deepEqual(await answers(), ['seven']);
    await box.write(source, 'throw new Error("not today");\n');
    await box.run(`kill -HUP ${await app.mainPid()}`);
    await waitFor('the failure', async () => /not today/.test(await app.show('StatusText')));
    await app.waitForState('active');
    assert.deepEqual(await answers(), ['seven']);
  });

  test('gives way to a restart, and to a stop', async () => {
    await box.write(source, slowToBoot('eight'));
    const load = await box.network.load({ port: 8000 }, 2);
    await load.more(100);
    await box.run('systemctl reload --no-block tsgun@app');
    await app.waitForState('reloading');
    await app.systemctl('restart');
    await load.more(100);
    assert.deepEqual((await load.stop()).failures, []);
    assert.deepEqual(await answers(), ['eight']);
    await box.run('systemctl reload --no-block tsgun@app');
    await app.waitForState('reloading');
    await app.systemctl('stop');
    assert.equal(await app.show('Result'), 'success');
    await app.systemctl('start');
  });

  test('works with Type=notify-reload where systemd has it', async (t) => {
    if (box.suite === 'bookworm') return t.diagnostic('systemd 252 has not');
    await app.override(['[Service]', 'Type=notify-reload', 'ExecReload=']);
    await box.write(source, slowToBoot('eight'));
    await app.systemctl('restart');
    await box.write(source, slowToBoot('nine'));
    await app.systemctl('reload');
    assert.deepEqual(await answers(), ['nine']);
  });
});
