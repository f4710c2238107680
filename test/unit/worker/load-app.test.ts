import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { importApp, pickApp } from '../../../src/worker/load-app.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

async function load(t: TestContext, name: string, text: string, exportName: string | null = null) {
  const file = path.join(writeFiles(makeTempDir(t), { [name]: text }), name);
  const place = { file, exportName };
  const exports = await importApp(place);
  return { exports, app: await pickApp(exports, place) };
}

const app = '(req, res) => res.end()';

test('the default export comes first', async (t) => {
  const text = `export const server = 1, app = async (request) => 0; export default ${app};`;
  assert.equal((await load(t, 'a.mjs', text)).app?.kind, 'request listener');
});

test('a default export that is no app gives way to a usual name', async (t) => {
  const text = `export default {}; export const handler = ${app};`;
  assert.equal((await load(t, 'a.mjs', text)).app?.kind, 'request listener');
});

test('the properties of a CommonJS module are exports', async (t) => {
  const text = `const make = () => ({ application: ${app} }); module.exports = make();`;
  assert.equal((await load(t, 'a.cjs', text)).app?.kind, 'request listener');
});

test('a named export is the only one that counts', async (t) => {
  const text = `export default ${app}; export const api = async (request) => 0;`;
  assert.equal((await load(t, 'a.mjs', text, 'api')).app?.kind, 'fetch handler');
  await assert.rejects(load(t, 'b.mjs', text, 'web'), {
    code: 'TSGUN_E_APP_LOAD',
    message: /Cannot find the export "web" in ".*b\.mjs": it exports api, default$/,
  });
});

test('a module that serves nothing is no error: it can listen by itself', async (t) => {
  const { app: found, exports } = await load(t, 'a.mjs', 'export const answer = 42;');
  assert.equal(found, null);
  assert.deepEqual([...exports.keys()], ['answer']);
});
