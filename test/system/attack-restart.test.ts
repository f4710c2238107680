import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxInstance } from '../helpers/instance.ts';
import { onBoxes } from '../helpers/on-boxes.ts';
import { waitFor } from '../helpers/wait-for.ts';

const socket = '/run/tsgun/app/app.sock';
const app = `export default (req, res) => res.end(String(process.pid));
`;

onBoxes('what an administrator changes under a restart or an upgrade', {}, (box) => {
  const instance = new BoxInstance(box, 'app');
  const configure = (bind: string, ...more: string[]) =>
    instance.configure(["app = 'app.js'", `bind = '${bind}'`, ...more]);
  const listening = () => box.run("ss -Hltn 'sport = :8000' | awk '{ print $4 }'");

  test('an address that takes in the one before it, and back', async () => {
    await instance.start({ files: { 'app.js': app }, settings: ["app = 'app.js'", 'workers = 2'] });
    for (const [bind, expected] of [
      ['0.0.0.0:8000', '0.0.0.0:8000'],
      [':8000', '*:8000'],
      ['127.0.0.1:8000', '127.0.0.1:8000'],
    ] as const) {
      await configure(bind);
      await instance.systemctl('restart');
      assert.equal(await listening(), expected);
      assert.match(await box.network.body(8000), /^\d+$/);
      assert.equal(await instance.show('NFileDescriptorStore'), '1');
    }
  });

  test('fewer workers with a socket each: nobody waits for those that are no more', async () => {
    await configure('127.0.0.1:8000', 'workers = 4', 'reuse_port = true');
    await instance.systemctl('stop');
    await instance.systemctl('start');
    const load = await box.network.load({ port: 8000 }, 8);
    for (const change of ['restart', 'upgrade']) {
      await load.more(100);
      await configure('127.0.0.1:8000', 'workers = 2', 'reuse_port = true');
      await (change === 'restart' ? instance.systemctl('restart') : instance.ctl('upgrade'));
      await load.more(100);
      await waitFor('nobody to wait', async () => {
        const queues = await box.run("ss -Hltn 'sport = :8000' | awk '{ print $2 }'");
        return queues.split('\n').every((length) => length === '0');
      });
      await configure('127.0.0.1:8000', 'workers = 4', 'reuse_port = true');
      await instance.systemctl('restart');
    }
    // It ends only when every client has its answer.
    assert.deepEqual((await load.stop()).failures, []);
  });

  test('an upgrade leaves the spread over all workers as it is', async () => {
    await instance.ctl('upgrade');
    await waitFor('the old program to end', async () => {
      const arbiters = await box.run("pgrep -fc '^tsgun: arbiter'");
      return arbiters === '1';
    });
    const load = await box.network.load({ port: 8000 }, 4);
    await load.more(500);
    const { bodies } = await load.stop();
    assert.deepEqual(
      Object.keys(bodies).map(Number).toSorted(),
      (await instance.workers()).toSorted(),
    );
  });

  test('the file of a Unix socket, by mistake', async () => {
    await configure(`unix:${socket}`);
    await instance.systemctl('restart');
    const target = { path: await box.path(socket) };
    for (const command of ['restart', 'upgrade']) {
      await box.run(`rm ${socket}`);
      await (command === 'restart' ? instance.systemctl('restart') : instance.ctl('upgrade'));
      assert.equal((await box.network.get(target)).status, 200);
      await waitFor('one socket to be kept', async () => {
        const kept = await instance.show('NFileDescriptorStore');
        return kept === '1';
      });
    }
    await instance.systemctl('restart');
    assert.equal((await box.network.get(target)).status, 200);
    await instance.systemctl('stop');
  });
});
