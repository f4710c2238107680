import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { root } from '../helpers/start-tsgun.ts';
import { missingTools, tool } from '../helpers/tool.ts';
import { helloApp } from '../helpers/write-files.ts';

// Of Debian's rpm, which runs the scriptlets as that of any system; that the names of its packages
// mean nothing to it is why nothing is asked for here: --nodeps.

const skip = missingTools('rpmbuild', 'strip');
const dir = mkdtempSync(path.join(tmpdir(), 'tsgun-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const built = new Map<string, string>();

function rpmOf(version: string): string {
  const build = ['packaging/build.ts', 'rpm', '--fast', '--out', dir, '--version', version];
  const known = built.get(version);
  const file = known ?? tool('env', ['-C', root, process.execPath, ...build]).trim();
  built.set(version, file);
  return file;
}

onBoxes('the .rpm', { release: null }, (box) => {
  const app = new BoxInstance(box, 'app');
  const versionOf = () => app.ctl('-o value --field version status');

  test('installs, and starts nothing', { skip }, async () => {
    for (const version of ['0.0.8', '0.0.9'])
      await box.copy(rpmOf(version), `/root/${version}.rpm`);
    await box.run('rpm -i --nodeps /root/0.0.8.rpm');
    assert.match(await box.run('getent passwd tsgun'), /:\/var\/lib\/tsgun:\/usr\/sbin\/nologin$/);
    assert.equal(await box.run('stat -c "%U %a" /run/tsgun'), 'root 755');
    assert.equal(await box.run("systemctl list-units --all --plain --no-legend 'tsgun*'"), '');
    assert.equal(await box.run('rpm -V --nodeps tsgun'), '');
  });

  test('serves, and hands over to a new version without losing a request', { skip }, async (t) => {
    await app.write({
      files: { 'app.js': helloApp() },
      settings: ["app = 'app.js'", 'workers = 2'],
    });
    await box.run('systemctl enable --now tsgun@app');
    const before = await app.mainPid();
    const load = await box.network.load({ port: 8000 });
    await load.more(20);
    assert.equal(
      (await box.run('rpm -U --nodeps /root/0.0.9.rpm 2>&1')).replace(/^rpm: .*\n?/gm, ''),
      '',
    );
    await load.more(1000);
    const { answered, failures } = await load.stop();
    t.diagnostic(`${answered} requests`);
    assert.deepEqual(failures, []);
    assert.equal(await versionOf(), '0.0.9');
    assert.notEqual(await app.mainPid(), before);
    assert.equal(await app.show('ActiveState'), 'active');
  });

  test('keeps what the administrator has changed', { skip }, async () => {
    await box.run('echo "# ours" >>/etc/default/tsgun');
    await box.run('rpm -U --nodeps --oldpackage /root/0.0.8.rpm');
    assert.match(await box.run('cat /etc/default/tsgun'), /# ours$/);
    assert.equal(await versionOf(), '0.0.8');
  });

  test('is removed with all that runs, and leaves what the app has written', { skip }, async () => {
    await box.run('touch /var/lib/tsgun/app/data');
    await box.run('rpm -e --nodeps tsgun');
    assert.equal(await box.run("systemctl list-units --all --plain --no-legend 'tsgun*'"), '');
    assert.equal(
      await box.run(
        'find /etc/systemd/system /run/tsgun /usr/lib/tsgun -name "*tsgun*" 2>/dev/null || :',
      ),
      '',
    );
    assert.equal(
      await box.run('ls /etc/tsgun /var/lib/tsgun/app'),
      '/etc/tsgun:\napp.toml\n\n/var/lib/tsgun/app:\ndata',
    );
  });
});
