import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { runTsgun, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

interface FailingStart {
  files: Record<string, string>;
  args: string[];
  code: number;
  says: RegExp;
}

const starts: Record<string, FailingStart> = {
  'an app that cannot be found': {
    files: {},
    args: ['nothing.js'],
    code: 4,
    says: /nothing\.js/,
  },
  'an app with a syntax error': {
    files: { 'app.js': '\n\nexport default (req res) => 1;\n' },
    args: ['app.js'],
    code: 4,
    says: /app\.js:3[\s\S]*SyntaxError|SyntaxError[\s\S]*app\.js:3/,
  },
  'an app that exports nothing servable': {
    files: { 'app.js': 'export const answer = 42;\n' },
    args: ['app.js'],
    code: 4,
    says: /app\.js.*answer|answer.*app\.js/,
  },
  'a worker that exits while it boots': {
    files: { 'app.js': 'process.exit(9);\n' },
    args: ['app.js'],
    code: 3,
    says: /exited with code 9/,
  },
  'a worker that never becomes ready': {
    files: { 'app.js': 'setInterval(() => {}, 1000); await new Promise(() => {});\n' },
    args: ['--boot-timeout', '1', 'app.js'],
    code: 3,
    says: /boot_timeout/,
  },
  'an interpreter that does not exist': {
    files: { 'app.js': helloApp() },
    args: ['--node', '/nowhere/node', 'app.js'],
    code: 3,
    says: /\/nowhere\/node/,
  },
};

for (const [what, { files, args, code, says }] of Object.entries(starts)) {
  test(`a start with ${what} ends with exit code ${code} and says why`, async (t) => {
    const dir = writeFiles(makeTempDir(t), files);
    const before = readdirSync(dir);
    const end = await runTsgun(t, ['-b', 'unix:app.sock', '-p', 'tsgun.pid', '-w', '2', ...args], {
      cwd: dir,
    });
    assert.match(end.log, says);
    assert.equal(end.code, code);
    assert.deepEqual(readdirSync(dir), before);
  });
}

test('one worker that boots is enough to serve, the rest is retried', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `
      if (process.env.TSGUN_WORKER_SLOT === '1') throw new Error('not this one');
      export default (req, res) => res.end('hello');
    `,
  });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd: dir });
  assert.match(tsgun.log, /Ready: 1 of 2 workers serve/);
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'hello');
  await tsgun.waitForLog(/failed 2 times in a row/);
  assert.equal(await tsgun.stop(), 0);
});
