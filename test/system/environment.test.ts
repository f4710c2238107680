import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from '../helpers/box.ts';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';

/** Says what it was given, and what it may do. */
const showApp = `import { readFileSync } from 'node:fs';
import os from 'node:os';
export default (req, res) => {
  const status = readFileSync('/proc/self/status', 'utf8');
  const { uid, username } = os.userInfo();
  res.end(JSON.stringify({ env: process.env, status, uid, username }));
};
`;

const flaskApp = `import os
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    with open("/proc/self/status", encoding="ascii") as file:
        return {"env": dict(os.environ), "status": file.read(), "uid": os.getuid()}
`;

/** The service's own, and what nobody but its main process may use. */
const kept = /^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_|FDSTORE|NODE_CHANNEL|TSGUN_(?!WORKER_))/;

interface Shown {
  env: Record<string, string>;
  status: string;
  uid: number;
}

async function check(box: Box, port: number): Promise<Shown> {
  const shown = JSON.parse(await box.network.body(port)) as Shown;
  const names = Object.keys(shown.env).filter((name) => kept.test(name));
  assert.deepEqual(names, []);
  for (const set of ['CapPrm', 'CapEff', 'CapAmb'])
    assert.match(shown.status, new RegExp(`^${set}:\\t0{16}$`, 'm'));
  assert.match(shown.status, /^NoNewPrivs:\t1$/m);
  assert.equal(shown.uid, Number(await box.run('id -u tsgun')));
  return shown;
}

onBoxes('an app', { errors: [/meant as an error/] }, (box) => {
  const node = new BoxInstance(box, 'node');
  const flask = new BoxInstance(box, 'flask');

  test('of Node on port 80 has no capability and no part in the service', async () => {
    await box.write('/etc/default/tsgun', 'FOR_ALL=1\nNODE_OPTIONS=--max-old-space-size=77\n');
    await box.write('/etc/default/tsgun-node', 'FOR_ONE=2\n');
    await node.start({
      files: { 'app.js': showApp },
      settings: ["app = 'app.js'", "bind = '0.0.0.0:80'"],
    });
    const { env } = await check(box, 80);
    assert.deepEqual([env['FOR_ALL'], env['FOR_ONE']], ['1', '2']);
    assert.match(env['NODE_OPTIONS'] ?? '', /--max-old-space-size=77/);
    assert.equal(env['STATE_DIRECTORY'], '/var/lib/tsgun/node');
    const pid = await node.mainPid();
    assert.equal(await box.run(`stat -c %U /proc/${pid}`), 'tsgun');
    assert.doesNotMatch(await box.run(`tr '\\0' '\\n' </proc/${pid}/environ`), /max-old.*TSGUN/);
    // The arbiter may bind such a port again, for a reload, and nothing else.
    assert.match(await box.run(`cat /proc/${pid}/status`), /^CapEff:\t0{13}400$/m);
  });

  test('moves to another port below 1024 by a reload', async () => {
    await node.configure(["app = 'app.js'", "bind = '127.0.0.1:81'"]);
    await node.systemctl('reload');
    await check(box, 81);
    await assert.rejects(box.network.body(80), /ECONNREFUSED/);
  });

  test('of Flask likewise, with its gateway', async () => {
    await flask.start({ files: { 'app.py': flaskApp }, settings: ["app = 'app:app'"] });
    const { env } = await check(box, 8000);
    assert.equal(env['FOR_ONE'], undefined);
    const pid = await flask.mainPid();
    const children = await box.run(`cat $(pgrep -P ${pid} | sed 's,.*,/proc/&/status,')`);
    assert.doesNotMatch(children, /^CapEff:\t(?!0{16}$)/m);
    await flask.systemctl('reload');
    await check(box, 8000);
  });

  test('shows in systemctl status, and in the list of instances', async () => {
    const status = await box.run('systemctl status tsgun@node');
    assert.match(status, /Status: "1\/1 workers ready, generation 2, \d+ req\/s"/);
    assert.match(status, /tsgun: worker/);
    const list = await box.run('tsgunctl list');
    assert.match(list, /^flask\b.*\n^node\b/m);
    assert.match(await box.run('tsgunctl -i node ping'), /answers/);
    assert.match(await box.run('tsgunctl -i node doctor'), / 0 warnings, 0 failures/);
  });

  test('can be controlled by root, by its user and by the group, and by nobody else', async () => {
    const asOther = (who: string) =>
      box.try(`setpriv ${who} --clear-groups tsgunctl -i node scale 2`);
    const denied = await asOther('--reuid=65534 --regid=65534');
    assert.equal(denied.code, 4, denied.stderr);
    await box.run('useradd --groups tsgun deployer');
    const { code, stderr } = await box.try(
      'setpriv --reuid=deployer --init-groups --regid=deployer tsgunctl -i node scale 2',
    );
    assert.equal(code, 0, stderr);
    assert.equal((await node.workers()).length, 2);
    assert.equal(await box.run(`stat -c '%a %U %G' ${node.socket}`), '660 tsgun tsgun');
  });

  test('writes to the journal with the priority that its lines have', async () => {
    const lines = [
      "console.log('meant as information');",
      "console.error('meant as an error');",
      'export default (req, res) => res.end();',
    ];
    await box.write('/srv/node/app.js', lines.join('\n'));
    await node.systemctl('reload');
    const journal = await box.run('journalctl -b -q -o json -u tsgun@node');
    const records = journal.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    const find = (text: string) =>
      records.filter(({ MESSAGE }) => typeof MESSAGE === 'string' && MESSAGE.includes(text));
    const priorities = (text: string) => [...new Set(find(text).map(({ PRIORITY }) => PRIORITY))];
    assert.deepEqual(priorities('Handling signal'), []);
    assert.deepEqual(priorities('Ready: '), ['6']);
    assert.deepEqual(priorities('meant as information'), ['6']);
    assert.deepEqual(priorities('meant as an error'), ['3']);
    for (const { SYSLOG_IDENTIFIER, MESSAGE } of find('meant as')) {
      assert.equal(SYSLOG_IDENTIFIER, 'tsgun@node');
      assert.doesNotMatch(String(MESSAGE), /^<\d>|\d{4}-\d\d-\d\d/);
    }
  });

  test('finds the sandbox as it is meant to be', async () => {
    await box.run('systemd-analyze verify --man=no tsgun@node.service tsgun@node.socket');
    await box.run('systemd-analyze security --threshold=20 tsgun@node.service');
    const properties =
      'OOMPolicy,KillMode,Restart,RestartPreventExitStatus,NotifyAccess,StartLimitIntervalUSec';
    // There is no memory controller in a box, and no BPF: that much is said, not done, here.
    assert.deepEqual(
      (await box.run(`systemctl show -p ${properties} tsgun@node`)).split('\n').toSorted(),
      [
        'KillMode=mixed',
        'NotifyAccess=main',
        'OOMPolicy=continue',
        'Restart=on-failure',
        'RestartPreventExitStatus=2 78',
        'StartLimitIntervalUSec=0',
      ],
    );
  });
});
