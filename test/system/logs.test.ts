import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

const folder = '/var/log/tsgun/app';

onBoxes('logrotate', {}, (box) => {
  const app = new BoxInstance(box, 'app');
  const lines = async () =>
    (await box.run(`zcat -f ${folder}/access.log*`)).split('\n').filter(Boolean);

  /** As the timer does, once the time has come for these files. */
  const rotate = async () => {
    const files = ['access.log', 'error.log'].map((file) => `"${folder}/${file}" 2020-1-1-1:0:0\n`);
    await box.write('/var/lib/logrotate/status', `logrotate state -- version 2\n${files.join('')}`);
    await box.run('systemctl start logrotate.service');
  };

  test('takes the files away under load, and no line is lost', async (t) => {
    await app.start({
      files: { 'app.js': helloApp('hi') },
      settings: [
        "app = 'app.js'",
        'workers = 2',
        `accesslog = '${folder}/access.log'`,
        `errorlog = '${folder}/error.log'`,
      ],
    });
    const load = await box.network.load({ port: 8000 });
    for (let round = 1; round <= 3; round += 1) {
      await load.more(2000);
      await rotate();
    }
    await load.more(2000);
    const { answered, failures } = await load.stop();
    assert.deepEqual(failures, []);
    await waitFor('every line', async () => (await lines()).length >= answered);
    const all = await lines();
    t.diagnostic(`${answered} requests`);
    assert.equal(all.length, answered);
    const whole = /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/ HTTP\/1\.1" 200 2 "-" "-"$/;
    assert.deepEqual(all.filter((line) => !whole.test(line)).slice(0, 3), []);
    const names = (await box.run(`ls ${folder}`)).split('\n');
    for (const name of [
      'access.log',
      'access.log.1',
      'access.log.2.gz',
      'access.log.3.gz',
      'error.log',
      'error.log.1',
    ])
      assert.ok(names.includes(name), `${name} of ${names}`);
    assert.equal(
      await box.run(`stat -c '%U %G %a' ${folder}/access.log ${folder}/error.log | uniq`),
      'tsgun tsgun 640',
    );
  });

  test('is followed by every instance that runs, and is content when none does', async () => {
    const other = new BoxInstance(box, 'other');
    const log = '/var/log/tsgun/other/access.log';
    await other.start({
      files: { 'app.js': helloApp('hi') },
      settings: ["app = 'app.js'", "bind = '127.0.0.1:8001'", `accesslog = '${log}'`],
    });
    await box.network.body(8001);
    await waitFor('a line', async () => (await box.try(`grep -c GET ${log}`)).code === 0);
    await box.run(`mv ${log} ${log}.1`);
    await box.network.body(8000);
    await rotate();
    await box.network.body(8001);
    await waitFor(
      'a line in the new file',
      async () => (await box.try(`grep -c GET ${log}`)).code === 0,
    );
    await box.run("systemctl stop 'tsgun@*'");
    await rotate();
    assert.equal(await box.run('systemctl show -P Result logrotate.service'), 'success');
  });
});
