import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { MethodName } from '../../src/protocol/control/methods.ts';
import { connectControl } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const config = (rawEnv: string) => `workers = 1\nbind = "127.0.0.1:0"\nraw_env = ${rawEnv}\n`;

const mistakes = [
  '["TOKEN=S3CRET", "S3CRET"]',
  '["=S3CRET"]',
  '{ TOKEN = "S3CRET" }',
  '"S3CRET"',
  '["TOKEN=S3CRET"',
  '["TOKEN=S3CRET", 5]',
];

test('no value of raw_env is told to anybody, right or wrong', async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.js': helloApp(),
    'tsgun.conf.toml': config('["TOKEN=S3CRET"]'),
  });
  const file = path.join(cwd, 'tsgun.conf.toml');
  const tsgun = await startTsgun(t, ['-c', file, 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  const heard: unknown[] = [];
  control.on('event', (event) => heard.push(event));
  control.on('log', (record) => heard.push(record));
  await control.call('subscribe', { topic: 'events', since: 0 });
  await control.call('subscribe', { topic: 'log', since: 0 });
  const ask = async (method: MethodName, params: unknown = {}) => {
    const answer = await control.request(method, params).catch((error: unknown) => error);
    heard.push(answer instanceof Error ? { ...answer, message: answer.message } : answer);
  };
  const askAll = async () => {
    await ask('config', { name: 'raw_env' });
    await ask('config-check');
    await ask('config-diff');
    await ask('reload', { dryRun: true });
    await ask('reload');
  };
  await askAll();
  for (const name of ['raw_env', 'rawEnv', 'env', 'raw_evn'])
    await ask('set', { name, value: 'TOKEN=S3CRET' });
  for (const mistake of mistakes) {
    writeFiles(cwd, { 'tsgun.conf.toml': config(mistake) });
    await askAll();
  }
  writeFiles(cwd, { 'tsgun.conf.toml': config('["TOKEN=S3CRET", "OTHER=S3CRET"]') });
  await askAll();
  await control.call('set', { name: 'loglevel', value: 'info' });
  await tsgun.waitForLog(/Control: set \{"name":"loglevel","value":"info"\}/);
  assert.equal(heard.length > 50, true);
  assert.doesNotMatch(JSON.stringify(heard), /S3CRET/);
  assert.doesNotMatch(tsgun.log, /S3CRET/);
});
