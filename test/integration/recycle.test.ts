import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const leak = `
  const kept = [];
  export default (req, res) => {
    kept.push(Buffer.alloc(1e6, 1));
    res.end(String(process.pid));
  };
`;

const cases = {
  requests: { app: helloApp(), args: ['--max-requests', '500', '--max-requests-jitter', '100'] },
  memory: { app: leak, args: ['--max-memory', '200M'] },
  age: { app: helloApp(), args: ['--max-worker-age', '1'] },
};

for (const [what, { app, args }] of Object.entries(cases)) {
  test(`workers recycled by ${what} under load lose no request`, async (t) => {
    const dir = writeFiles(makeTempDir(t), { 'app.js': app });
    const tsgun = await startTsgun(t, ['-w', '2', ...args, 'app.js'], { cwd: dir });
    const target = { port: tsgun.port };
    const loads = [true, false].map((keepAlive) =>
      hammer(t, { target, connections: 2, keepAlive }),
    );
    await tsgun.waitForLog(/Autorestarting worker/, 6, 60_000);
    await waitFor('two workers', () => tsgun.workers().length === 2);
    await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      loads.flatMap((load) => load.failures),
      [],
    );
    assert.equal(await tsgun.stop(), 0);
  });
}
