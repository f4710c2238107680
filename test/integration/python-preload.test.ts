import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../helpers/control.ts';
import { needsPython } from '../helpers/python.ts';
import {
  modulesOf,
  type PythonClass,
  pythonClasses,
  startTsgunPython,
} from '../helpers/python-server.ts';
import { helloOf } from '../helpers/python-under-load.ts';
import { get } from '../helpers/raw-request.ts';
import { hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

/** Tells the process that imported it, and the one that answers. */
const app = (text: string) => `
import os
import time

IMPORTED_BY = os.getpid()
time.sleep(0.5)

def spin_forever():
    while True:
        pass

def app(environ, start_response):
    if environ["PATH_INFO"] == "/spin":
        spin_forever()
    if environ["PATH_INFO"] == "/exit":
        os._exit(7)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"${text} {IMPORTED_BY} {os.getpid()}".encode()]
`;

async function startPreloaded(t: TestContext, kind: PythonClass = 'sync', ...more: string[]) {
  const cwd = writeFiles(makeTempDir(t), { 'app.py': app('first') });
  const ours = ['--preload-app', '-w', '2', ...more];
  const tsgun = await startTsgunPython(t, kind, 'app:app', { chdir: cwd, ours });
  const target = { port: tsgun.port };
  const ask = async () => {
    const [text = '', importedBy, pid] = (await get(target, '/')).body.split(' ');
    return { text, importedBy: Number(importedBy), pid: Number(pid) };
  };
  return { cwd, tsgun, target, ask };
}

const skip = needsPython();

test('an app is imported once for all workers, and a new worker is there at once', {
  skip,
}, async (t) => {
  const { tsgun, ask } = await startPreloaded(t);
  const control = await connectControl(t, tsgun);
  const { importedBy, pid } = await ask();
  assert.notEqual(importedBy, pid);
  const begun = performance.now();
  await control.call('scale', { workers: '+4' });
  // The import alone takes half a second.
  assert.ok(performance.now() - begun < 450);
  const answers = await Promise.all(Array.from({ length: 50 }, ask));
  assert.deepEqual([...new Set(answers.map((answer) => answer.importedBy))], [importedBy]);
  assert.equal(await tsgun.stop(), 0);
});

test('a reload imports the new code, and a broken one changes nothing', { skip }, async (t) => {
  const { cwd, tsgun, target, ask } = await startPreloaded(t);
  const control = await connectControl(t, tsgun);
  const clients = hammer(t, { target, connections: 4, keepAlive: true });
  writeFiles(cwd, { 'app.py': 'raise ValueError("not today")\n' });
  await assert.rejects(control.call('reload', {}), /not today/);
  assert.equal((await ask()).text, 'first');
  writeFiles(cwd, { 'app.py': app('second') });
  await control.call('reload', {});
  assert.equal((await ask()).text, 'second');
  await clients.stop();
  assert.deepEqual(clients.failures, []);
  assert.equal(await tsgun.stop(), 0);
});

test('a preloaded worker that dies, hangs or is worn out is replaced', { skip }, async (t) => {
  const { tsgun, target, ask } = await startPreloaded(t, 'sync', '--timeout', '1');
  const { importedBy } = await ask();
  assert.equal((await get(target, '/exit')).status, 502);
  await tsgun.waitForLog(/exited with code 7/);
  assert.equal((await get(target, '/spin')).status, 502);
  await tsgun.waitForLog(/in spin_forever/);
  const control = await connectControl(t, tsgun);
  await control.call('recycle', { all: true });
  assert.equal((await ask()).importedBy, importedBy);
  assert.equal(await tsgun.stop(), 0);
});

test('an app that cannot be imported ends a preloading start', { skip }, async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.py': 'raise ValueError("not today")\n' });
  const options = { chdir: cwd, ours: ['--preload-app'], waitUntilReady: false };
  const tsgun = await startTsgunPython(t, 'sync', 'app:app', options);
  assert.equal((await tsgun.exited).code, 4);
  assert.match(tsgun.log, /Traceback[\s\S]*app\.py", line 1[\s\S]*ValueError: not today/);
});

for (const kind of pythonClasses) {
  const options = { skip: needsPython(...modulesOf(kind)) };
  test(`preloaded ${kind} workers serve, reload and stop`, options, async (t) => {
    const ours = ['--preload-app', '-w', '2'];
    const tsgun = await startTsgunPython(t, kind, helloOf(kind), { ours });
    const control = await connectControl(t, tsgun);
    const clients = hammer(t, { target: { port: tsgun.port }, connections: 4, keepAlive: true });
    await waitFor('load', () => clients.answered > 300);
    await control.call('reload', {});
    await control.call('recycle', { all: true });
    const answered = clients.answered;
    await waitFor('the load to go on', () => clients.answered > answered + 300);
    await clients.stop();
    assert.deepEqual(clients.failures, []);
    assert.equal(await tsgun.stop(), 0);
  });
}
