import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { installRelease, onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

const flaskApp = `from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "hello from Flask"
`;

/** What files there are that somebody has put there; not what the system writes by itself. */
const listFiles = `find / -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /tmp -o -path /run \\
  -o -path /var/lib/dpkg -o -path /var/log/journal -o -path /var/lib/systemd -o -path /var/tmp \\
  -o -path /var/lib/private -o -path /var/cache/private -o -path /var/log/private \\
  -o -name '*-' -o -name '.pwd.lock' \\) -prune -o -print | sort`;

onBoxes('the package', { release: null }, (box) => {
  const shop = new BoxInstance(box, 'shop');
  const page = new BoxInstance(box, 'page');
  let before = '';

  test('is installed by dpkg alone, and starts and enables nothing', async () => {
    before = await box.run(listFiles);
    const output = await installRelease(box, 'new');
    assert.doesNotMatch(output, /warning|error|fail/i);
    assert.equal(await box.run("systemctl list-units --all --plain --no-legend 'tsgun*'"), '');
    assert.equal(await box.run("find /etc/systemd/system -name 'tsgun*'"), '');
    assert.match(await box.run('getent passwd tsgun'), /:\/var\/lib\/tsgun:\/usr\/sbin\/nologin$/);
    assert.equal(
      await box.run("stat -c '%U %G %a' /etc/tsgun /run/tsgun"),
      'root root 755\nroot root 755',
    );
    assert.match(await box.run('tsgun --version'), /\d+\.\d+\.\d+/);
    assert.match(await box.run('tsgunctl --version'), /\d+\.\d+\.\d+/);
    assert.equal(await box.run('systemctl is-system-running'), 'running');
    assert.equal(await box.run('dpkg --verify tsgun'), '');
  });

  test('needs two commands to serve an app of Node', async () => {
    await box.write('/srv/shop/package.json', '{ "type": "module", "main": "server.js" }\n');
    await box.write('/srv/shop/server.js', helloApp('hello from Node'));
    const output = await box.run('tsgun init shop --app /srv/shop --bind 0.0.0.0:80 2>&1');
    assert.match(output, /systemctl enable --now tsgun@shop/);
    await box.run('systemctl enable --now tsgun@shop');
    assert.equal(await box.network.body(80), 'hello from Node');
    assert.equal(await box.run('stat -c %a /etc/tsgun/shop.toml'), '644');
  });

  test('and two to serve an app of Flask', async () => {
    await box.write('/srv/page/app.py', flaskApp);
    const output = await box.run('tsgun init page --app /srv/page 2>&1');
    assert.match(output, /Flask/);
    await box.run('systemctl enable --now tsgun@page');
    const port = /:(\d+)/.exec(await box.run("grep '^bind' /etc/tsgun/page.toml"))?.[1];
    assert.equal(await box.network.body(Number(port)), 'hello from Flask');
    const list = await box.run('tsgunctl ls');
    assert.match(list, /^page\b.*\n^shop\b/m);
    await waitFor('an access line', async () => {
      const { stdout } = await box.try('cat /var/log/tsgun/page/access.log');
      return stdout.includes('"GET / HTTP/1.1" 200');
    });
  });

  test('starts what is enabled, and nothing else, after a reboot', async () => {
    const other = new BoxInstance(box, 'other');
    const settings = ["app = 'app.js'", "bind = '127.0.0.1:82'"];
    await other.start({ files: { 'app.js': helloApp('other') }, settings });
    assert.equal(await box.network.body(82), 'other');
    await box.reboot();
    assert.equal(await box.network.body(80), 'hello from Node');
    assert.equal(await page.show('ActiveState'), 'active');
    await assert.rejects(box.network.body(82), /ECONNREFUSED/);
    assert.equal(await box.run('systemctl is-system-running'), 'running');
  });

  test('when removed ends what runs, and leaves what is configured', async () => {
    const pids = [await shop.mainPid(), ...(await shop.workers()), await page.mainPid()];
    const output = await box.run('dpkg -r tsgun 2>&1');
    assert.doesNotMatch(output, /warning|error|fail|not empty/i);
    for (const pid of pids) assert.equal((await box.try(`kill -0 ${pid}`)).code, 1);
    assert.equal((await box.try('test -e /usr/lib/tsgun')).code, 1);
    assert.equal((await box.try('test -e /etc/tsgun/shop.toml')).code, 0);
    assert.equal((await box.try('test -d /var/log/tsgun/page')).code, 0);
    assert.equal(await box.run("systemctl list-units --plain --no-legend 'tsgun*'"), '');
  });

  test('when installed again serves as before', async () => {
    await installRelease(box, 'new');
    assert.equal(await shop.show('ActiveState'), 'inactive');
    assert.equal(await box.run('systemctl is-enabled tsgun@shop'), 'enabled');
    await box.run('systemctl start tsgun.target');
    assert.equal(await box.network.body(80), 'hello from Node');
    assert.equal(await page.show('ActiveState'), 'active');
  });

  test('when purged leaves nothing but the configuration and the user', async () => {
    const output = await box.run('dpkg -P tsgun 2>&1');
    assert.doesNotMatch(
      output.replace(/^.*'\/etc\/tsgun' not empty.*$/m, ''),
      /warning|error|fail/i,
    );
    const after = (await box.run(listFiles)).split('\n');
    const known = new Set(before.split('\n'));
    const left = after.filter((file) => !known.has(file) && !/^\/srv\b|\/dpkg\.log$/.test(file));
    assert.deepEqual(left, [
      '/etc/tsgun',
      '/etc/tsgun/other.toml',
      '/etc/tsgun/page.toml',
      '/etc/tsgun/shop.toml',
    ]);
    assert.match(await box.run('getent passwd tsgun'), /^tsgun:/);
    assert.equal(await box.run("systemctl list-units --all --plain --no-legend 'tsgun*'"), '');
  });
});
