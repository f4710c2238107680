import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

test('--reload follows the files of the app and survives a syntax error', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': helloApp('one'),
    'node_modules/x/index.js': '',
    'templates/page.html': '',
  });
  const args = ['--reload', '--reload-extra-file', 'templates/**/*.html', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  const body = async () => (await fetchOnce({ port: tsgun.port })).body;
  await tsgun.waitForLog(/Watching/);

  writeFiles(dir, { 'app.js': helloApp('two') });
  await waitFor('the new code', async () => (await body()) === 'two');
  await tsgun.waitForLog(/Reload done/, 1);

  writeFiles(dir, { 'app.js': 'export default (' });
  await tsgun.waitForLog(/Reload failed.*SyntaxError/s);
  assert.equal(await body(), 'two');

  writeFiles(dir, { 'node_modules/x/index.js': '1' });
  writeFiles(dir, { 'app.js': helloApp('three') });
  await waitFor('the new code', async () => (await body()) === 'three');
  await tsgun.waitForLog(/Reload done/, 2);

  writeFiles(dir, { 'templates/page.html': 'changed' });
  await tsgun.waitForLog(/Reload done/, 3);
  assert.doesNotMatch(tsgun.log, /node_modules/);
  assert.equal(await tsgun.stop(), 0);
});
