import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { WorkerHooks } from '../../../src/runtime/worker-hooks.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const worker = { pid: 1, slot: 2, generation: 3 };

async function loadHooks(t: TestContext, text: string, names: string[], timeoutMs = 10_000) {
  const file = path.join(writeFiles(makeTempDir(t), { 'conf.mjs': text }), 'conf.mjs');
  const lines: string[] = [];
  const hooks = await WorkerHooks.load({
    path: file,
    names,
    timeoutMs,
    worker,
    log: ({ message }) => lines.push(message),
  });
  return { hooks, lines };
}

test('run() waits for the hook, which is told about its worker', async (t) => {
  const text = `
    export async function postFork(worker) {
      await new Promise((resolve) => setImmediate(resolve));
      worker.seen = true;
    }
  `;
  const { hooks, lines } = await loadHooks(t, text, ['postFork']);
  await hooks.run('postFork');
  assert.deepEqual({ ...worker }, { pid: 1, slot: 2, generation: 3, seen: true });
  await hooks.run('workerExit');
  assert.deepEqual(lines, []);
});

test('hooks of a default export keep their `this`, and of a factory too', async (t) => {
  const text = `
    export default async () => ({
      text: 'mine',
      postFork() { throw new Error('from ' + this.text); },
    });
  `;
  const { hooks, lines } = await loadHooks(t, text, ['postFork']);
  await hooks.run('postFork');
  assert.match(lines.join(), /^Hook "postFork" failed: Error: from mine/);
});

test('a hook that does not come back is cut off', async (t) => {
  const text = 'export const workerExit = () => new Promise(() => {});';
  const { hooks, lines } = await loadHooks(t, text, ['workerExit'], 50);
  await hooks.run('workerExit');
  assert.deepEqual(lines, ['Hook "workerExit" was cut off after 0.05 s']);
});

test('a request hook is there only if it was asked for, and its failures are logged', async (t) => {
  const text = `
    export function preRequest() { throw new Error('at once'); }
    export async function postRequest() { throw new Error('later'); }
  `;
  const { hooks, lines } = await loadHooks(t, text, ['preRequest', 'postRequest']);
  assert.equal(hooks.around('workerInt'), null);
  hooks.around('preRequest')?.();
  hooks.around('postRequest')?.();
  await waitFor('both lines', () => lines.length === 2);
  assert.match(lines[0] ?? '', /^Hook "preRequest" failed: Error: at once/);
  assert.match(lines[1] ?? '', /^Hook "postRequest" failed: Error: later/);
});
