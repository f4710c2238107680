import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { withFileLock } from '../../../src/process/file-lock.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

test('one after the other, and the file is gone at the end', async (t) => {
  const file = path.join(makeTempDir(t), 'lock');
  let inside = 0;
  const results = await Promise.all(
    Array.from({ length: 5 }, (_, index) =>
      withFileLock(file, async () => {
        inside += 1;
        assert.equal(inside, 1);
        await turn();
        inside -= 1;
        return index;
      }),
    ),
  );
  assert.deepEqual(results, [0, 1, 2, 3, 4]);
  assert.equal(existsSync(file), false);
});

test('an error inside gives the lock back', async (t) => {
  const file = path.join(makeTempDir(t), 'lock');
  await assert.rejects(
    withFileLock(file, () => Promise.reject(new Error('inside'))),
    /inside/,
  );
  assert.equal(existsSync(file), false);
  assert.equal(await withFileLock(file, () => 1), 1);
});

test('the file of a killed process stops nobody', async (t) => {
  const dir = makeTempDir(t);
  const lock = path.join(dir, 'lock');
  const module = path.resolve(import.meta.dirname, '../../../src/process/file-lock.ts');
  writeFiles(dir, {
    'hold.mjs': `import { withFileLock } from ${JSON.stringify(module)};
      withFileLock(process.argv[2], () => new Promise(() => { process.send('held'); setInterval(() => {}, 1000); }));`,
  });
  const holder = fork(path.join(dir, 'hold.mjs'), [lock]);
  t.after(() => holder.kill('SIGKILL'));
  await once(holder, 'message');
  const waiting = withFileLock(lock, () => 'mine');
  assert.equal(await Promise.race([waiting, turn('held')]), 'held');
  holder.kill('SIGKILL');
  assert.equal(await waiting, 'mine');
});

test('a link in its place is not followed', async (t) => {
  const dir = makeTempDir(t);
  writeFileSync(path.join(dir, 'precious'), 'x');
  symlinkSync(path.join(dir, 'precious'), path.join(dir, 'lock'));
  await assert.rejects(
    withFileLock(path.join(dir, 'lock'), () => 1),
    { code: 'ELOOP' },
  );
  assert.equal(readFileSync(path.join(dir, 'precious'), 'utf8'), 'x');
});
