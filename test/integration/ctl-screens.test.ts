import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../helpers/control.ts';
import { ctlMain } from '../helpers/run-ctl.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTerminal, openTerminal, type Terminal } from '../helpers/terminal.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const skip = missingTerminal() ?? false;

/** A real instance of two workers, as long as it needs to know what its workers use. */
async function startWeb(t: TestContext): Promise<(...words: string[]) => Terminal> {
  const dir = writeFiles(makeTempDir(t), { 'app.mjs': helloApp('hello') });
  const binds = ['-b', '127.0.0.1:0', '-b', 'unix:app.sock'];
  const tsgun = await startTsgun(t, ['-n', 'web', '-w', '2', ...binds, 'app.mjs'], { cwd: dir });
  const client = await connectControl(t, tsgun);
  await waitFor('beats with all there is to tell', async () =>
    (await client.call('workers', {})).every(({ cpuPercent }) => cpuPercent !== null),
  );
  const env = { TSGUN_RUN_DIR: path.join(dir, 'run') };
  return (...words) => openTerminal(t, [process.execPath, ctlMain, ...words], env);
}

/** What differs from run to run. */
const mask = (screen: string): string =>
  screen
    .replaceAll(/\d+(?:\.\d+)?(?: ?(?:ms|MiB)|s|%)/g, '_')
    .replace(/, control group .*/, '') // where the machine of the tests limits memory
    .replaceAll(/pid \d+/g, 'pid _')
    .replaceAll(/:\d{4,5}\b/g, ':PORT')
    .replaceAll(/unix:\S+\/app\.sock/g, 'unix:DIR/app.sock');

test('status of a real instance on a terminal of 80 columns', { skip }, async (t) => {
  const open = await startWeb(t);
  const terminal = open('status');
  await terminal.waitFor('ended with 0');
  assert.equal(
    mask(terminal.screen),
    `web serving  generation 1, up _, pid _, tsgun 0.1.0
app        app.mjs
workers    2/2 ready
listeners  http://127.0.0.1:PORT
           unix:DIR/app.sock
traffic    0.0 requests/s, p50 -, p99 -
requests   0 in flight, 0 connections, 0 since the start
memory     workers _, arbiter _
ended with 0`,
  );
});

test('workers of a real instance fit their terminal, whatever its size', { skip }, async (t) => {
  const open = await startWeb(t);
  const terminal = open('workers');
  await terminal.waitFor('ended with 0');
  const [head = '', ...rows] = terminal.screen.split('\n');
  assert.match(head, /^SLOT +PID {2}GEN {2}PHASE +UP .*REQ\/S .*INFLIGHT {2}CPU +RSS/);
  assert.deepEqual(rows.pop(), 'ended with 0');
  assert.deepEqual(rows.map(toWords), [expect(head, { SLOT: '0' }), expect(head, { SLOT: '1' })]);
  for (const row of rows) {
    assert.ok(row.length <= 80, row);
    assert.deepEqual(row.length, head.length, 'the last column ends where its title does');
    assert.match(row.slice(head.indexOf('PHASE')), /^ready /, 'the others are aligned as well');
  }
});

/** A row in words, with a size and its unit as one. */
const toWords = (row: string): string[] =>
  mask(row)
    .replace(/(?<=^ +\d+ +)\d+/, 'PID')
    .trim()
    .split(/ +/);

/** What an idle worker shows below each title. */
function expect(head: string, more: Record<string, string>): string[] {
  const usual: Record<string, string> = {
    ...{ PID: 'PID', GEN: '1', PHASE: 'ready', UP: '_', REQ: '0', 'REQ/S': '0.0', P50: '-' },
    ...{ P99: '-', INFLIGHT: '0', CPU: '_', RSS: '_', LAG: '_', BEAT: '_' },
  };
  return head
    .trim()
    .split(/ +/)
    .map((title) => more[title] ?? usual[title] ?? `what is ${title}?`);
}
