import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { connectControl, controlPath } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const whatever: [what: string, happen: (folder: string, socket: string) => string | null][] = [
  [
    'the socket is removed',
    (_, socket) => {
      rmSync(socket);
      return null;
    },
  ],
  [
    'a file is in the place of the socket',
    (_, socket) => {
      rmSync(socket);
      writeFileSync(socket, 'precious');
      return socket;
    },
  ],
  [
    'its folder is removed',
    (folder) => {
      rmSync(folder, { recursive: true });
      return null;
    },
  ],
  [
    'a file is in the place of its folder',
    (folder) => {
      rmSync(folder, { recursive: true });
      writeFileSync(folder, 'precious');
      return folder;
    },
  ],
];

for (const [what, happen] of whatever) {
  test(`an instance serves and stops well although ${what}`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('ok') });
    const tsgun = await startTsgun(t, ['-w', '1', 'app.js'], { cwd });
    await connectControl(t, tsgun);
    const kept = happen(path.join(cwd, 'run'), controlPath(tsgun));
    assert.equal((await fetchOnce({ port: tsgun.port })).body, 'ok');
    assert.equal(await tsgun.stop(), 0);
    if (kept === null) assert.ok(!existsSync(path.join(cwd, 'run')));
    else assert.equal(readFileSync(kept, 'utf8'), 'precious');
  });
}
