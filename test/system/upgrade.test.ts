import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from '../helpers/box.ts';
import type { BoxLoad } from '../helpers/box-network.ts';
import { BoxInstance } from '../helpers/instance.ts';
import { installRelease, onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

const flaskApp = `import os, time
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return str(os.getpid())


@app.get("/slow")
def slow():
    time.sleep(0.3)
    return "slow"


@app.get("/late")
def late():
    time.sleep(2)
    return "late"
`;

const versionOf = (app: BoxInstance) => app.ctl('-o value --field version status');

const nodeApp = `export default (req, res) => {
  const late = req.url === '/late';
  setTimeout(() => res.end(late ? 'late' : String(process.pid)), late ? 2000 : 0);
};
`;

async function loadAll(box: Box): Promise<BoxLoad[]> {
  return Promise.all([
    box.network.load({ port: 8000 }),
    box.network.load({ port: 8001 }, 2),
    box.network.load({ port: 8001 }, 1, '/slow'),
  ]);
}

/** Of each, the slow one included. */
const more = (loads: readonly BoxLoad[]) => Promise.all(loads.map((load) => load.more(3)));

async function stopAll(
  loads: readonly BoxLoad[],
): Promise<{ answered: number; failures: string[] }> {
  const ends = await Promise.all(loads.map((load) => load.stop()));
  return {
    answered: ends.reduce((sum, { answered }) => sum + answered, 0),
    failures: ends.flatMap(({ failures }) => failures),
  };
}

const errors = [
  /not today|Upgrade failed|Worker .* exited|Shutting down|Reason:/,
  /killed|Failed with result|Watchdog timeout/,
];

onBoxes('an upgrade', { release: 'old', errors }, (box) => {
  const node = new BoxInstance(box, 'node');
  const flask = new BoxInstance(box, 'flask');

  test('of the package hands every instance over and loses no request', async (t) => {
    await node.start({
      files: { 'app.js': nodeApp },
      settings: ["app = 'app.js'", 'workers = 2'],
    });
    await flask.start({
      files: { 'app.py': flaskApp },
      settings: [
        "app = 'app:app'",
        'workers = 2',
        'threads = 2',
        'preload_app = true',
        "bind = '127.0.0.1:8001'",
      ],
    });
    assert.equal(await versionOf(node), '0.0.9');
    const pids = [await node.mainPid(), await flask.mainPid()];
    const loads = await loadAll(box);
    await more(loads);
    const output = await installRelease(box, 'new');
    assert.doesNotMatch(output, /restarted|could not|warning|error/i);
    await more(loads);
    await loads[0]?.more(10_000);
    const { answered, failures } = await stopAll(loads);
    t.diagnostic(`${answered} requests`);
    assert.deepEqual(failures, []);
    for (const app of [node, flask]) {
      assert.notEqual(await versionOf(app), '0.0.9');
      assert.equal(await app.show('ActiveState'), 'active');
      assert.equal(await app.show('NRestarts'), '0');
      assert.equal(await app.show('NFileDescriptorStore'), '1');
      assert.ok(!pids.includes(await app.mainPid()));
      assert.match(await app.show('StatusText'), /^2\/2 workers ready/);
    }
  });

  test('keeps the main process right, twice in a row, and what watches over it', async () => {
    const loads = await loadAll(box);
    for (let round = 1; round <= 2; round += 1) {
      const before = await node.mainPid();
      await more(loads);
      await node.ctl('upgrade');
      const now = await node.mainPid();
      assert.notEqual(now, before);
      await waitFor('the old one to leave', async () => (await box.try(`kill -0 ${before}`)).code);
      assert.equal(await node.show('ActiveState'), 'active');
      assert.equal(await box.run(`tsgunctl -i node -o value --field pid status`), String(now));
    }
    await node.systemctl('reload');
    await node.systemctl('restart');
    await more(loads);
    await node.ctl('upgrade');
    await more(loads);
    assert.deepEqual((await stopAll(loads)).failures, []);
    const last = await node.mainPid();
    await box.run(`kill -9 ${last}`);
    await waitFor('another arbiter', async () => ![0, last].includes(await node.mainPid()));
    await node.waitForState('active');
    assert.match(await box.network.body(8000), /^\d+$/);
    assert.equal(await node.show('NFileDescriptorStore'), '1');
  });

  for (const verb of ['stop', 'restart']) {
    test(`lets a ${verb} wait for what is in flight, in the old and in the new program`, async () => {
      for (const [app, port] of [
        [node, 8000],
        [flask, 8001],
      ] as const) {
        const inOld = box.network.body(port, '/late');
        await app.waitForRequests(1);
        await app.ctl('upgrade');
        const inNew = box.network.body(port, '/late');
        await app.waitForRequests(1);
        await app.systemctl(verb);
        assert.deepEqual(await Promise.all([inOld, inNew]), ['late', 'late']);
        if (verb === 'stop') await app.systemctl('start');
        assert.match(await box.network.body(port), /^\d+$/);
      }
      const { stdout } = await box.try("journalctl -b -q -o cat -u 'tsgun@*'");
      assert.doesNotMatch(stdout, /not our child/);
    });
  }

  test('is watched by the watchdog after it, too', async () => {
    await node.override(['[Service]', 'WatchdogSec=2']);
    await node.systemctl('restart');
    await node.ctl('upgrade');
    const last = await node.mainPid();
    const beats = Number(await node.show('WatchdogTimestampMonotonic'));
    await waitFor('its pulse', async () => {
      const now = Number(await node.show('WatchdogTimestampMonotonic'));
      return now > beats + 3e6;
    });
    assert.equal(await node.mainPid(), last);
    await box.run(`kill -STOP ${last}`);
    await waitFor('another arbiter', async () => ![0, last].includes(await node.mainPid()));
    await node.waitForState('active');
  });

  test('of the package leaves an app serving that cannot be loaded any more', async () => {
    const load = await box.network.load({ port: 8000 }, 2);
    await box.write('/srv/node/app.js', 'throw new Error("not today");\n');
    const before = await node.mainPid();
    const output = await installRelease(box, 'old');
    assert.match(output, /not today/);
    await load.more(100);
    assert.deepEqual((await load.stop()).failures, []);
    assert.equal(await node.mainPid(), before);
    assert.equal(await node.show('ActiveState'), 'active');
    assert.equal(await versionOf(flask), '0.0.9');
    await box.write('/srv/node/app.js', helloApp('mended'));
    await node.systemctl('restart');
    assert.equal(await box.network.body(8000), 'mended');
  });

  test('of the package starts an instance anew that does not answer', async () => {
    const load = await box.network.load({ port: 8000 }, 2);
    // As if it were of a time when the control socket spoke otherwise.
    await box.run(`rm ${node.socket}`);
    const before = await node.mainPid();
    const output = await installRelease(box, 'new');
    assert.match(output, /tsgun@node.service was restarted/);
    assert.notEqual(await node.mainPid(), before);
    await load.more(100);
    assert.deepEqual((await load.stop()).failures, []);
    assert.notEqual(await versionOf(node), '0.0.9');
  });

  test('of the package touches nothing that is stopped', async () => {
    await flask.systemctl('stop');
    await installRelease(box, 'old');
    assert.equal(await flask.show('ActiveState'), 'inactive');
    assert.equal(await node.show('ActiveState'), 'active');
  });
});
