import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFake } from '../helpers/fake-instance.ts';
import { ctlMain, runCtl } from '../helpers/run-ctl.ts';
import { sampleStatus } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTerminal, openTerminal } from '../helpers/terminal.ts';

const skip = missingTerminal() ?? false;
const evil = '\u001b[2Jgone\u0007\u202e';
const words = ['status', '-o', 'value', '--field', 'app'];

test('bare values cannot steer the terminal that they are shown on', { skip }, async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { status: () => sampleStatus({ app: evil }) });
  const env = { TSGUN_RUN_DIR: dir };
  const terminal = openTerminal(t, [process.execPath, ctlMain, ...words], env);
  await terminal.waitFor('ended with 0');
  assert.match(terminal.screen, /^\\x1b\[2Jgone\\x07\\u\{202e\}$/m);
  // A program gets what there is.
  assert.equal((await runCtl(t, words, env)).stdout, `${evil}\n`);
});
