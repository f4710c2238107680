import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

const errors = [
  /Failed to start/,
  /Watchdog timeout/,
  /was sent SIG|Failed with result|code=(killed|dumped|exited)/,
  /absent\.toml|no-such-flag|workrs/,
  /not today|Worker .* exited with code|Shutting down|Reason:/,
];

onBoxes('systemd', { errors }, (box) => {
  const startFails = async (app: BoxInstance) => {
    const { code } = await box.try(`systemctl start ${app.unit}`);
    assert.equal(code, 1);
    assert.equal(await app.show('ActiveState'), 'failed');
    assert.equal(await app.show('NRestarts'), '0');
  };

  afterEach(() => box.run("systemctl stop 'tsgun@*'; systemctl reset-failed"));

  test('does not retry an instance without settings, or with bad ones', async () => {
    const app = new BoxInstance(box, 'absent');
    await startFails(app);
    assert.equal(await app.show('ExecMainStatus'), '78');
    assert.match(await app.log(), /\/etc\/tsgun\/absent\.toml/);
    await app.write({ files: {}, settings: ["app = 'app.js'", 'workrs = 2'] });
    await startFails(app);
    assert.equal(await app.show('ExecMainStatus'), '78');
    assert.match(await app.log(), /workrs.*workers/s);
  });

  test('keeps no socket for an instance whose settings went bad', async () => {
    const app = new BoxInstance(box, 'gone');
    await app.start({ files: { 'app.js': helloApp('still') } });
    await app.configure(["app = 'app.js'", 'workrs = 2']);
    assert.equal((await box.try('systemctl restart tsgun@gone')).code, 1);
    assert.equal(await app.show('ActiveState'), 'failed');
    assert.equal(await app.show('NFileDescriptorStore'), '0');
    await assert.rejects(box.network.body(8000), /ECONNREFUSED/);
  });

  test('does not retry a bad command line', async () => {
    const app = new BoxInstance(box, 'flag');
    const dropIn = ['[Service]', 'ExecStart=', 'ExecStart=/usr/bin/tsgun --no-such-flag'];
    await app.write({ files: {}, dropIn });
    await startFails(app);
    assert.equal(await app.show('ExecMainStatus'), '2');
  });

  test('retries an app that fails, until it can be loaded', async () => {
    const app = new BoxInstance(box, 'broken');
    await app.write({ files: { 'app.js': 'throw new Error("not today");\n' } });
    const { code } = await box.try(`systemctl start ${app.unit}`);
    assert.equal(code, 1);
    await waitFor('two restarts', async () => Number(await app.show('NRestarts')) >= 2);
    assert.match(await app.log(), /not today/);
    await box.write('/srv/broken/app.js', helloApp('mended'));
    await app.waitForState('active');
    assert.equal(await box.network.body(8000), 'mended');
  });

  test('waits for a slow start and for a request in flight, whatever its own timeouts', async () => {
    const app = new BoxInstance(box, 'slow');
    const wait = 'await new Promise((done) => setTimeout(done, 4000));\n';
    const handler = 'export default (req, res) => setTimeout(() => res.end("late"), 4000);\n';
    await app.start({
      files: { 'app.js': wait + handler },
      dropIn: ['[Service]', 'TimeoutStartSec=3', 'TimeoutStopSec=2'],
    });
    const request = box.network.body(8000);
    await app.waitForRequests(1);
    await app.systemctl('stop');
    assert.equal(await request, 'late');
    assert.equal(await app.show('Result'), 'success');
  });

  test('waits no longer than graceful_timeout', async () => {
    const app = new BoxInstance(box, 'stuck');
    await app.start({
      files: { 'app.js': 'export default (req, res) => undefined;\n' },
      settings: ["app = 'app.js'", 'graceful_timeout = 3'],
      dropIn: ['[Service]', 'TimeoutStopSec=1'],
    });
    const broken = assert.rejects(box.network.body(8000), /ended|ECONNRESET/);
    await app.waitForRequests(1);
    const begin = performance.now();
    await app.systemctl('stop');
    const took = performance.now() - begin;
    await broken;
    assert.ok(took > 2500 && took < 10_000, `${took} ms`);
    assert.equal(await app.show('Result'), 'success');
  });

  test('kills an arbiter that hangs, starts another one, and refuses nobody', async () => {
    const app = new BoxInstance(box, 'hung');
    await app.start({
      files: { 'app.js': helloApp() },
      settings: ["app = 'app.js'", 'workers = 2'],
      dropIn: ['[Service]', 'WatchdogSec=2'],
    });
    const load = await box.network.load({ port: 8000 });
    await load.more(100);
    const [before, workers] = [await app.mainPid(), await app.workers()];
    await box.run(`kill -STOP ${before}`);
    await waitFor('another arbiter', async () => ![0, before].includes(await app.mainPid()));
    await app.waitForState('active');
    await load.more(1000);
    assert.match(await app.log(), /Watchdog timeout \(limit 2s\)/);
    assert.equal(await app.show('NRestarts'), '1');
    for (const pid of workers) assert.equal((await box.try(`kill -0 ${pid}`)).code, 1);
    const { failures } = await load.stop();
    assert.deepEqual(
      failures.filter((failure) => !/^(head|body): /.test(failure)),
      [],
    );
    assert.ok(failures.length <= 8, failures.join('\n'));
  });

  test('feels the pulse of an arbiter that has nothing to do', async () => {
    const app = new BoxInstance(box, 'idle');
    await app.start({ files: { 'app.js': helloApp() }, dropIn: ['[Service]', 'WatchdogSec=2'] });
    const started = Number(await app.show('WatchdogTimestampMonotonic'));
    await waitFor('some seconds of pulse', async () => {
      const last = Number(await app.show('WatchdogTimestampMonotonic'));
      return last - started > 3e6;
    });
    assert.equal(await app.show('NRestarts'), '0');
    assert.equal(await app.show('WatchdogUSec'), '2s');
  });
});
