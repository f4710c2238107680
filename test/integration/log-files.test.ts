import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

test('rotation under load loses and tears no access line', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const file = path.join(dir, 'access.log');
  const format = '%(h)s "%(r)s" %(s)s %(b)s %(p)s end';
  const args = ['-w', '3', '--access-logfile', file, '--access-logformat', format, 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  const target = { port: tsgun.port };
  const loads = [true, false].map((keepAlive) => hammer(t, { target, connections: 4, keepAlive }));
  const rotated: string[] = [];
  for (let round = 1; round <= 8; round += 1) {
    const answered = loads[0]!.answered;
    await waitFor('some load', () => loads[0]!.answered > answered + 500);
    rotated.push(`${file}.${round}`);
    renameSync(file, `${file}.${round}`);
    tsgun.signal('SIGUSR1');
    await tsgun.waitForLog(/Handling signal: usr1/, round);
    await waitFor('the new file', () => read(file).length > 0);
  }
  await Promise.all(loads.map((load) => load.stop()));
  const answered = loads[0]!.answered + loads[1]!.answered;
  assert.equal(await tsgun.stop(), 0);

  const lines = [...rotated, file].flatMap((name) => read(name).split('\n').slice(0, -1));
  const torn = lines.filter(
    (line) => !/^127\.0\.0\.1 "GET \/ HTTP\/1\.1" 200 5 <?\d+>? end$/.test(line),
  );
  assert.deepEqual(torn, []);
  assert.equal(lines.length, answered);
});

test('access lines are there within a second and on stdout for "-"', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const tsgun = await startTsgun(t, ['--access-logfile', '-', 'app.js'], { cwd: dir });
  await fetchOnce({ port: tsgun.port }, '/one?two', 'User-Agent: me "and" you\r\n');
  const answered = performance.now();
  await waitFor('the line', () => /"GET \/one\?two HTTP\/1\.1" 200 5/.test(tsgun.stdout));
  assert.ok(performance.now() - answered < 1500);
  assert.match(tsgun.stdout, /me \\(x22|")and\\(x22|") you/);
});

test('a client that goes away in the middle is in the access log', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': 'export default (req, res) => { res.write("a"); };',
  });
  const tsgun = await startTsgun(t, ['--access-logfile', '-', 'app.js'], { cwd: dir });
  const client = await StrictConnection.open({ port: tsgun.port });
  client.write('GET /gone HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('the answer to begin', () => client.received > 0);
  client.close();
  await waitFor('the line', () => /"GET \/gone HTTP\/1\.1"/.test(tsgun.stdout));
});

test('the error log of a file is reopened, takes the output of workers and has its mode', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `export default (req, res) => { console.log('seen ' + req.url); res.end('hello'); };`,
  });
  const file = path.join(dir, 'error.log');
  const args = ['-b', 'unix:app.sock', '--error-logfile', file, 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir, waitUntilReady: false });
  const target = { path: path.join(dir, 'app.sock') };
  await waitFor('the start', () => /Ready: /.test(read(file)));
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.match(
    read(file),
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[INFO\] Starting tsgun/m,
  );
  await fetchOnce(target, '/before');
  await waitFor('captured output', () => /seen \/before/.test(read(file)));
  renameSync(file, `${file}.1`);
  tsgun.signal('SIGUSR1');
  await waitFor('the new file', () => statSync(file, { throwIfNoEntry: false }));
  await fetchOnce(target, '/after');
  await waitFor('captured output', () => /seen \/after/.test(read(file)));
  assert.doesNotMatch(read(`${file}.1`), /seen \/after/);
  assert.equal(tsgun.log, '');
});

test('log_format json writes one object a line', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const tsgun = await startTsgun(t, ['--log-format', 'json', 'app.js'], { cwd: dir });
  await tsgun.stop();
  const records = tsgun.log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(records.some((record) => /^Ready: /.test(record.message)));
  assert.ok(records.every((record) => typeof record.pid === 'number' && record.level));
});

test('a flood of output is cut with a count and does not slow the answers down', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `
      const line = 'x'.repeat(200) + '\\n';
      let flooding = false;
      function flood() { if (flooding) { process.stdout.write(line.repeat(50)); setImmediate(flood); } }
      export default (req, res) => {
        if (req.url === '/flood') { flooding = true; flood(); }
        if (req.url === '/quiet') flooding = false;
        res.end('hello');
      };
    `,
  });
  const tsgun = await startTsgun(t, ['app.js'], { cwd: dir });
  const target = { port: tsgun.port };
  await fetchOnce(target, '/flood');
  await tsgun.waitForLog(/suppressed \d+/i);
  tsgun.signal('SIGTTIN');
  await tsgun.waitForLog(/Handling signal: ttin/);
  await fetchOnce(target, '/quiet');
  assert.ok(tsgun.log.length < 20e6, `${tsgun.log.length} characters of log`);
  assert.equal(await tsgun.stop(), 0);
});
