import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { needsPython } from '../helpers/python.ts';
import { modulesOf, startPython, wsgiClasses } from '../helpers/python-server.ts';
import { ask, get, header } from '../helpers/raw-request.ts';
import { StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

// wsgi.file_wrapper: what is a real file may be sent without passing through Python, and nobody
// must notice.

for (const kind of wsgiClasses) {
  test(`wsgi.file_wrapper, ${kind}`, { skip: needsPython(...modulesOf(kind)) }, async (t) => {
    const dir = makeTempDir(t);
    const bytes = randomBytes(3_000_000);
    const text = bytes.toString('latin1');
    const file = path.join(dir, 'data');
    writeFileSync(file, bytes);
    writeFileSync(path.join(dir, 'empty'), '');
    const { target } = await startPython(t, kind, 'wsgi_files:app');
    const closed = async () => (await get(target, '/closed')).body;

    await t.test('a whole file', async () => {
      const answer = await get(target, `/?path=${file}`);
      assert.equal(answer.body === text, true);
      assert.equal(answer.complete, true);
      await waitFor('close()', async () => (await closed()).includes('file'));
    });
    await t.test('from where it was left', async () => {
      const answer = await get(target, `/?path=${file}&skip=1000000`);
      assert.equal(answer.body === text.slice(1_000_000), true);
    });
    await t.test('as much as Content-Length says', async () => {
      const answer = await get(target, `/?path=${file}&skip=10&length=5000`);
      assert.equal(answer.body === text.slice(10, 5010), true);
      assert.equal(header(answer, 'content-length'), '5000');
      assert.equal(answer.rest, '');
    });
    await t.test('an empty file', async () => {
      const answer = await get(target, `/?path=${dir}/empty`);
      assert.equal(answer.body, '');
      assert.equal(answer.complete, true);
      assert.equal(answer.rest, '');
    });
    await t.test('HEAD', async () => {
      const answer = await ask(target, 'HEAD', `/?path=${file}&length=3000000`);
      assert.equal(header(answer, 'content-length'), '3000000');
      assert.equal(answer.rest, '');
    });
    await t.test('a pipe, and a thing that only has read()', async () => {
      assert.equal((await get(target, '/pipe')).body, 'through a pipe');
      const answer = await get(target, `/unreal?path=${file}`);
      assert.equal(answer.body === text, true);
      await waitFor('close()', async () => (await closed()).includes('unreal'));
    });
    await t.test('many at once on kept connections', async () => {
      const one = async () => {
        const connection = await StrictConnection.open(target);
        for (let count = 0; count < 5; count += 1) {
          const { body } = await connection.get(`/?path=${file}&skip=2000000`);
          assert.equal(body === text.slice(2_000_000), true);
          if (connection.closed) break;
        }
        connection.close();
      };
      if (kind !== 'sync' || process.env['TSGUN_TEST_SERVER'] === undefined)
        await Promise.all(Array.from({ length: 8 }, one));
    });
  });
}
