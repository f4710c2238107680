import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const names = [
  'onStarting',
  'onReload',
  'whenReady',
  'preFork',
  'postFork',
  'postWorkerInit',
  'workerExit',
  'childExit',
  'nworkersChanged',
  'onExit',
  'preRequest',
  'postRequest',
];

const tracing = `
  const say = (name) => (first) => console.log('hook ' + name + ' pid ' + first.pid);
  export const app = 'app.js';
  export const bind = '127.0.0.1:0';
  ${names.map((name) => `export const ${name} = say('${name}');`).join('\n  ')}
`;

test('every hook of a config script runs with its arguments', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp(), 'conf.mjs': tracing });
  const tsgun = await startTsgun(t, ['-c', 'conf.mjs'], { cwd: dir });
  await fetchOnce({ port: tsgun.port });
  tsgun.signal('SIGTTIN');
  await tsgun.waitForLog(/Booting worker/, 2);
  tsgun.signal('SIGHUP');
  await tsgun.waitForLog(/Reload done/);
  assert.equal(await tsgun.stop(), 0);
  const output = tsgun.log + tsgun.stdout;
  for (const name of names) assert.match(output, new RegExp(`hook ${name} pid \\d+`), name);
});

test('a config script finds the tsgun that runs it, wherever it lies', async (t) => {
  const call = "defineConfig({ app: 'app.js', bind: '127.0.0.1:0' })";
  const dir = writeFiles(makeTempDir(t), {
    'app.js': helloApp(),
    'conf.ts': `import { defineConfig } from 'tsgun'; export default ${call};`,
    'conf.js': `const { defineConfig } = require('tsgun'); module.exports = ${call};`,
  });
  for (const file of ['conf.ts', 'conf.js']) {
    const tsgun = await startTsgun(t, ['-c', file], { cwd: dir });
    assert.equal(await tsgun.stop(), 0);
  }
});

test('a hook that throws is logged with its name and one that hangs is cut off', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': helloApp('hello'),
    'conf.mjs': `
      export const app = 'app.js';
      export const bind = '127.0.0.1:0';
      export const hookTimeout = 0.3;
      export function onStarting() { throw new Error('first trouble'); }
      export function whenReady() { for (;;); }
      export function postFork() { throw new Error('second trouble'); }
      export function preRequest() { throw new Error('third trouble'); }
      export async function childExit() { await new Promise(() => {}); }
    `,
  });
  const tsgun = await startTsgun(t, ['-c', 'conf.mjs'], { cwd: dir });
  await tsgun.waitForLog(/onStarting.*first trouble/s);
  await tsgun.waitForLog(/postFork.*second trouble/s);
  await tsgun.waitForLog(/"?whenReady"? was cut off/);
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'hello');
  await tsgun.waitForLog(/preRequest.*third trouble/s);
  assert.equal(await tsgun.stop(), 0);
});

test('preExec runs before an upgrade, workerInt and workerAbort in the worker that is meant', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `
      export default (req, res) => {
        if (req.url === '/spin') for (;;) Math.random();
        res.end('hello');
      };
    `,
    'conf.mjs': `
      import { writeSync } from 'node:fs';
      export const app = 'app.js';
      export const bind = '127.0.0.1:0';
      export const timeout = 1;
      const say = (name) => ({ pid }) => writeSync(2, 'hook ' + name + ' pid ' + pid + '\\n');
      export const preExec = say('preExec');
      export const workerInt = say('workerInt');
      export const workerAbort = say('workerAbort');
    `,
  });
  const tsgun = await startTsgun(t, ['-c', 'conf.mjs'], { cwd: dir });
  const [interrupted = 0] = tsgun.workers();
  process.kill(interrupted, 'SIGINT');
  await tsgun.waitForLog(new RegExp(`hook workerInt pid ${interrupted}`));
  await tsgun.waitForLog(/Booting worker/, 2);
  const hung = await waitFor('the next worker', () =>
    tsgun.workers().find((pid) => pid !== interrupted),
  );
  await assert.rejects(fetchOnce({ port: tsgun.port }, '/spin'));
  await tsgun.waitForLog(new RegExp(`hook workerAbort pid ${hung}`));
  await waitFor('an answer', async () => (await fetchOnce({ port: tsgun.port })).body === 'hello');
  writeFiles(dir, { 'app.js': 'throw new Error("not today");' });
  tsgun.signal('SIGUSR2');
  await tsgun.waitForLog(/Upgrade failed/);
  assert.match(tsgun.log, new RegExp(`hook preExec pid ${tsgun.pid}`));
});
