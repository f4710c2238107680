import assert from 'node:assert/strict';
import { once } from 'node:events';
import { openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { ErrorLog, type ErrorLogOptions } from '../../../src/log/error-log.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { spawnScript } from './scripts.ts';

function openLog(t: TestContext, options: Partial<ErrorLogOptions> = {}) {
  const file = path.join(makeTempDir(t), 'error.log');
  const errorLog = new ErrorLog({
    path: file,
    format: 'text',
    level: 'info',
    clock: systemClock,
    env: {},
    ...options,
  });
  return { errorLog, file, read: () => readFileSync(file, 'utf8') };
}

const messages = (text: string) => text.match(/(?<=\] )[^[\]\n]+$/gm);

test('error log keeps what comes before winston, and its time', async (t) => {
  let time = Date.UTC(2026, 10, 21, 8);
  const clock = { ...systemClock, wallTime: () => time };
  const { errorLog, read } = openLog(t, { clock, format: 'json' });
  errorLog.log({ level: 'info', message: 'early' });
  time += 1000;
  await errorLog.start();
  errorLog.log({ level: 'error', message: 'late', pid: 7, slot: 1 });
  await errorLog.close();
  const records = read().trim().split('\n');
  assert.deepEqual(
    records.map((line) => JSON.parse(line)),
    [
      { time: '2026-11-21T08:00:00.000Z', level: 'info', pid: process.pid, message: 'early' },
      { time: '2026-11-21T08:00:01.000Z', level: 'error', pid: 7, slot: 1, message: 'late' },
    ],
  );
});

test('error log leaves out what is below its level, before winston and after, and live', async (t) => {
  const { errorLog, read } = openLog(t, { level: 'warning' });
  errorLog.log({ level: 'info', message: 'one' });
  errorLog.log({ level: 'warning', message: 'two' });
  await errorLog.start();
  errorLog.log({ level: 'debug', message: 'three' });
  errorLog.log({ level: 'critical', message: 'four' });
  errorLog.setLevel('debug');
  errorLog.log({ level: 'debug', message: 'five' });
  await errorLog.close();
  assert.deepEqual(messages(read()), ['two', 'four', 'five']);
});

test('error log loses none of many records of one moment', async (t) => {
  const { errorLog, read } = openLog(t);
  await errorLog.start();
  for (let number = 0; number < 5000; number += 1) {
    errorLog.log({ level: 'info', message: `${number}` });
  }
  await errorLog.close();
  assert.deepEqual(
    messages(read()),
    Array.from({ length: 5000 }, (_, number) => `${number}`),
  );
});

test('error log counts what is too much for it before winston', async (t) => {
  const { errorLog, read } = openLog(t);
  for (let number = 0; number < 1500; number += 1) errorLog.log({ level: 'info', message: 'x' });
  await errorLog.close();
  assert.equal(messages(read())?.at(-1), '500 lines were dropped');
});

test('closeSync() writes what waits for winston', (t) => {
  const { errorLog, read } = openLog(t);
  errorLog.log({ level: 'error', message: 'Cannot start' });
  errorLog.log({ level: 'debug', message: 'unwanted' });
  errorLog.closeSync();
  assert.deepEqual(messages(read()), ['Cannot start']);
});

test('error log goes on in a new file when it is reopened', async (t) => {
  const { errorLog, file, read } = openLog(t);
  await errorLog.start();
  errorLog.log({ level: 'info', message: 'one' });
  renameSync(file, `${file}.1`);
  errorLog.log({ level: 'info', message: 'two' });
  errorLog.reopen();
  errorLog.log({ level: 'info', message: 'three' });
  await errorLog.close();
  const both = readFileSync(`${file}.1`, 'utf8') + read();
  assert.deepEqual(messages(both), ['one', 'two', 'three']);
  assert.equal(messages(read())?.at(-1), 'three');
});

test('error log keeps the open file when it cannot be reopened, and says so there', async (t) => {
  const { errorLog, file } = openLog(t);
  const dir = path.dirname(file);
  renameSync(dir, `${dir}-moved`);
  errorLog.reopen();
  renameSync(`${dir}-moved`, dir);
  errorLog.log({ level: 'info', message: 'on it goes' });
  await errorLog.close();
  const text = readFileSync(file, 'utf8');
  assert.match(
    text,
    /\[ERROR\] Cannot open log file ".*error\.log": no such file or directory \(ENOENT\)\n/,
  );
  assert.match(text, /on it goes\n$/);
});

test('error log that cannot be opened is an error at once', (t) => {
  const file = path.join(makeTempDir(t), 'no', 'error.log');
  assert.throws(() => openLog(t, { path: file }), {
    code: 'TSGUN_E_LOG',
    message: `Cannot open log file "${file}": no such file or directory (ENOENT)`,
  });
});

test('format auto knows the journal by its device and inode', async (t) => {
  const file = path.join(makeTempDir(t), 'journal');
  writeFileSync(file, '');
  const { dev, ino } = statSync(file);
  for (const stream of [`${dev}:${ino}`, `${dev}:${ino + 1}`]) {
    const env = { JOURNAL_STREAM: stream };
    const { errorLog } = openLog(t, { path: file, format: 'auto', env });
    errorLog.log({ level: 'warning', message: 'hello' });
    await errorLog.close();
  }
  const [journal, text] = readFileSync(file, 'utf8').split('\n');
  assert.equal(journal, '<4>hello', 'the journal knows who writes');
  assert.match(text ?? '', /^\[\d{4}-.*\] \[WARNING\] hello$/);
});

test('path "-" is stderr', async (t) => {
  const file = path.join(makeTempDir(t), 'stderr');
  const script = `
    import { ErrorLog } from ${spawnScript.src('log/error-log.ts')};
    import { systemClock } from ${spawnScript.src('core/clock.ts')};
    const { env } = process;
    const log = new ErrorLog({ path: '-', format: 'auto', level: 'info', clock: systemClock, env });
    log.log({ level: 'info', message: 'hello' });
    log.reopen();
    await log.close();
  `;
  const child = spawnScript(t, script, { stderr: openSync(file, 'a') });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.deepEqual(messages(readFileSync(file, 'utf8')), ['hello']);
});

test('error log does not load winston until it is started', async (t) => {
  const file = path.join(makeTempDir(t), 'error.log');
  const script = `
    import { createRequire } from 'node:module';
    import { ErrorLog } from ${spawnScript.src('log/error-log.ts')};
    import { systemClock } from ${spawnScript.src('core/clock.ts')};
    const [path] = process.argv.slice(1);
    const log = new ErrorLog({ path, format: 'text', level: 'info', clock: systemClock, env: {} });
    log.log({ level: 'info', message: 'hello' });
    const loaded = () => Object.keys(createRequire(path).cache).some((name) => name.includes('winston'));
    const before = loaded();
    await log.start();
    process.exitCode = !before && loaded() ? 0 : 1;
  `;
  const child = spawnScript(t, script, { args: [file] });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
