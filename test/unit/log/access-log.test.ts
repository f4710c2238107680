import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { LogRecord } from '../../../src/core/logger.ts';
import { AccessLog } from '../../../src/log/access-log.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { makeRecord } from './records.ts';
import { spawnScript } from './scripts.ts';

const read = (file: string) => readFileSync(file, 'utf8');

function openLog(file: string, format = '%(U)s') {
  const records: LogRecord[] = [];
  const log = (record: LogRecord) => void records.push(record);
  return { access: new AccessLog({ to: { path: file }, format, log }), records };
}

test('access log keeps lines together for a moment and writes them within a second', async (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  const { access } = openLog(file);
  const before = performance.now();
  access.write(makeRecord({ url: '/one' }));
  access.write(makeRecord({ url: '/two' }));
  assert.equal(read(file), '');
  await waitFor('the lines', () => read(file) !== '');
  assert.ok(performance.now() - before < 1000);
  assert.equal(read(file), '/one\n/two\n');
});

test('access log writes at once when 32 KiB are there', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] }); // so that no moment passes
  const file = path.join(makeTempDir(t), 'a.log');
  const { access } = openLog(file);
  for (let count = 0; count < 33; count += 1)
    access.write(makeRecord({ url: `/${'x'.repeat(999)}` }));
  t.mock.timers.reset();
  await waitFor('the lines', () => read(file).length >= 32 * 1024);
});

test('access log loses no line when it is reopened', async (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  const { access } = openLog(file);
  access.write(makeRecord({ url: '/one' }));
  renameSync(file, `${file}.1`);
  access.write(makeRecord({ url: '/two' }));
  access.reopen();
  access.write(makeRecord({ url: '/three' }));
  await access.flush();
  assert.equal(read(`${file}.1`), '/one\n/two\n');
  assert.equal(read(file), '/three\n');
});

test('access log goes on with the open file when it cannot be reopened', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'logs.d', 'a.log');
  assert.throws(() => openLog(file), /Cannot open log file/);
  const kept = path.join(dir, 'a.log');
  const { access, records } = openLog(kept);
  renameSync(dir, `${dir}-moved`);
  access.reopen();
  renameSync(`${dir}-moved`, dir);
  chmodSync(dir, 0o755);
  access.write(makeRecord({ url: '/one' }));
  await access.flush();
  assert.equal(read(kept), '/one\n');
  assert.match(records[0]?.message ?? '', /^Cannot open log file ".*": no such file.*\(ENOENT\)$/);
});

test('access log writes what waits at exit, and does not keep the process alive', async (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  const script = `
    import { AccessLog } from ${spawnScript.src('log/access-log.ts')};
    const [file] = process.argv.slice(1);
    const access = new AccessLog({ to: { path: file }, format: 'line', log() {} });
    process.on('exit', () => access.flushSync());
    access.write({});
    globalThis.lived = performance.now();
    process.on('exit', () => { process.exitCode = performance.now() - lived < 400 ? 0 : 1; });
  `;
  const child = spawnScript(t, script, { args: [file] });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.equal(read(file), 'line\n');
});
