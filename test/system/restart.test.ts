import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from '../helpers/box.ts';
import type { BoxLoad } from '../helpers/box-network.ts';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';

const socket = '/run/tsgun/app/app.sock';
const bind = (...addresses: string[]) => `bind = ${JSON.stringify(addresses)}`;

/** Slow for those who ask for it, so that there is always something in flight. */
const slowApp = `export default (req, res) => {
  setTimeout(() => res.end(String(process.pid)), req.url === '/slow' ? 300 : 0);
};
`;

const flaskApp = `import time
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "flask"


@app.get("/slow")
def slow():
    time.sleep(0.3)
    return "slow"
`;

/** Of every listener, and a few requests that take their time. */
async function loadAll(box: Box): Promise<BoxLoad[]> {
  return Promise.all([
    box.network.load({ port: 8000 }),
    box.network.load({ port: 8001 }, 2),
    box.network.load({ path: await box.path(socket) }, 2),
    box.network.load({ port: 8000 }, 2, '/slow'),
  ]);
}

const more = (loads: readonly BoxLoad[], count: number) =>
  Promise.all(loads.map((load) => load.more(count)));

async function stopAll(loads: readonly BoxLoad[]) {
  const ends = await Promise.all(loads.map((load) => load.stop()));
  return {
    answered: ends.reduce((sum, { answered }) => sum + answered, 0),
    failures: ends.flatMap(({ failures }) => failures),
  };
}

onBoxes(
  'a restart',
  { errors: [/was sent SIGKILL/, /code=killed/, /Failed with result 'signal'/] },
  (box) => {
    const app = new BoxInstance(box, 'app');
    const settings = [
      "app = 'app.js'",
      'workers = 2',
      bind('127.0.0.1:8000', '[::1]:8001', '127.0.0.1:8001', `unix:${socket}`),
    ];

    test('loses no request, fresh or kept, of TCP or Unix sockets', async (t) => {
      await app.start({ files: { 'app.js': slowApp }, settings });
      assert.equal(await app.show('NFileDescriptorStore'), '4');
      const loads = await loadAll(box);
      for (let round = 1; round <= 3; round += 1) {
        const before = await app.mainPid();
        await more(loads, 4);
        await app.systemctl('restart');
        assert.notEqual(await app.mainPid(), before);
        await more(loads, 4);
        assert.equal(await app.show('NFileDescriptorStore'), '4');
      }
      await loads[0]?.more(10_000);
      const { answered, failures } = await stopAll(loads);
      t.diagnostic(`${answered} requests`);
      assert.deepEqual(failures, []);
    });

    test('is never refused for being one too many, and can be steered at once', async () => {
      const load = await box.network.load({ port: 8000 }, 2);
      for (let round = 1; round <= 7; round += 1)
        await box.run('systemctl restart tsgun@app && tsgunctl -i app ping');
      await box.run('systemctl restart tsgun@app && systemctl reload tsgun@app');
      assert.deepEqual((await load.stop()).failures, []);
    });

    test('of Flask loses no request either, nor one with a socket for each worker', async () => {
      const flask = new BoxInstance(box, 'flask');
      await flask.start({
        files: { 'app.py': flaskApp },
        settings: ["app = 'app:app'", 'workers = 2', 'threads = 2', bind('127.0.0.1:8010')],
      });
      const each = new BoxInstance(box, 'each');
      await each.start({
        files: { 'app.js': slowApp },
        settings: ["app = 'app.js'", 'workers = 2', 'reuse_port = true', bind('127.0.0.1:8011')],
      });
      assert.equal(await each.show('NFileDescriptorStore'), '2');
      const loads = await Promise.all([
        box.network.load({ port: 8010 }, 2),
        box.network.load({ port: 8010 }, 1, '/slow'),
        box.network.load({ port: 8011 }, 2),
      ]);
      for (let round = 1; round <= 2; round += 1) {
        await more(loads, 5);
        await Promise.all([flask.systemctl('restart'), each.systemctl('restart')]);
        await more(loads, 5);
      }
      await loads[0]?.more(1000);
      assert.deepEqual((await stopAll(loads)).failures, []);
      await Promise.all([flask.systemctl('stop'), each.systemctl('stop')]);
    });

    test('loses no request when systemd itself was started anew', async () => {
      const loads = await loadAll(box);
      await more(loads, 4);
      await box.run('systemctl daemon-reload');
      await more(loads, 4);
      await box.run('systemctl daemon-reexec');
      await more(loads, 4);
      await app.systemctl('restart');
      await more(loads, 4);
      assert.equal(await app.show('NFileDescriptorStore'), '4');
      assert.deepEqual((await stopAll(loads)).failures, []);
    });

    test('after kill -9 of the arbiter comes by itself and refuses nobody', async () => {
      const loads = await loadAll(box);
      await more(loads, 4);
      const before = await app.mainPid();
      const workers = await app.workers();
      await box.run(`kill -9 ${before}`);
      await waitFor('another arbiter', async () => ![0, before].includes(await app.mainPid()));
      await app.waitForState('active');
      await more(loads, 100);
      assert.equal(await app.show('NRestarts'), '1');
      for (const pid of workers) assert.equal((await box.try(`kill -0 ${pid}`)).code, 1);
      const { failures } = await stopAll(loads);
      // What was in flight breaks: at most one request of each connection.
      assert.deepEqual(
        failures.filter((failure) => !/^(head|body): /.test(failure)),
        [],
      );
      assert.ok(failures.length <= 20, failures.join('\n'));
    });

    test('of a worker that is killed is no matter of systemd', async () => {
      const [arbiter, restarts] = [await app.mainPid(), await app.show('NRestarts')];
      const before = await app.workers();
      const loads = await loadAll(box);
      await more(loads, 4);
      await box.run(`kill -9 ${before.join(' ')}`);
      await waitFor('two other workers', async () => {
        const now = await app.workers();
        return now.length === 2 && !now.some((pid) => before.includes(pid));
      });
      await more(loads, 4);
      const { failures } = await stopAll(loads);
      assert.deepEqual(
        failures.filter((failure) => !/^(head|body): /.test(failure)),
        [],
      );
      assert.equal(await app.mainPid(), arbiter);
      assert.equal(await app.show('NRestarts'), restarts);
    });

    test('with other addresses lets go of the old ones', async () => {
      await app.configure(["app = 'app.js'", bind('127.0.0.1:8002', '127.0.0.1:8001')]);
      await app.systemctl('restart');
      assert.match(await box.network.body(8001), /^\d+$/);
      assert.match(await box.network.body(8002), /^\d+$/);
      await assert.rejects(box.network.body(8000), /ECONNREFUSED/);
      assert.equal(await app.show('NFileDescriptorStore'), '2');
      assert.equal((await box.try(`test -e ${socket}`)).code, 1, 'the file of the Unix socket');
    });

    test('is not a stop, which refuses clients and keeps nothing', async () => {
      await app.systemctl('stop');
      await assert.rejects(box.network.body(8001), /ECONNREFUSED/);
      assert.equal(await app.show('NFileDescriptorStore'), '0');
      assert.equal(await app.show('Result'), 'success');
      assert.equal(await box.run('ls /run/tsgun'), '');
      await app.systemctl('start');
      assert.match(await box.network.body(8001), /^\d+$/);
    });
  },
);
