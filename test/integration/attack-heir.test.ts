import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectControl } from '../helpers/control.ts';
import { isAlive } from '../helpers/processes.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

/** Answers to /slow when there is a file. */
const app = `import { existsSync } from 'node:fs';
export default (req, res) => {
  const answer = () => (req.url !== '/slow' || existsSync('go') ? res.end('ok') : setTimeout(answer, 20));
  answer();
};
`;

for (const dies of [true, false]) {
  const when = dies ? 'dies at once is no good end' : 'lives on is a good end';
  test(`a program whose successor ${when}`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), { 'app.js': app });
    const tsgun = await startTsgun(t, ['-w', '1', 'app.js'], { cwd });
    const { port } = tsgun;
    const slow = await StrictConnection.open({ port });
    const answer = slow.get('/slow');
    const control = await connectControl(t, tsgun);
    const { to } = await control.call('upgrade', {});
    t.after(async () => {
      if (isAlive(to)) process.kill(to, 'SIGKILL');
      await waitFor('the new program to be gone', () => !isAlive(to));
    });
    assert.equal((await fetchOnce({ port })).status, 200, 'of the new one');
    if (dies) process.kill(to, 'SIGKILL');
    await waitFor('what was meant for it', () => isAlive(to) !== dies);
    writeFiles(cwd, { go: '' });
    assert.equal((await answer).body, 'ok');
    slow.close();
    const { code } = await tsgun.exited;
    assert.equal(code, dies ? 1 : 0);
  });
}
