import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectControl, failureOf } from '../helpers/control.ts';
import { findMismatches } from '../helpers/match-schema.ts';
import { findPython, needsPython } from '../helpers/python.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const skip = needsPython();

const files = {
  'app.py': `import time

def app(environ, start_response):
    if environ['PATH_INFO'] == '/slow':
        time.sleep(1)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'python']
`,
  'server.mjs': `export default (req, res) => res.end('node');\n`,
  'static/a.txt': 'static',
};

/** An instance whose config a test rewrites before it reloads. */
async function start(t: TestContext, settings: object) {
  const dir = writeFiles(makeTempDir(t), files);
  const file = path.join(dir, 'tsgun.conf.json');
  const base = { bind: '127.0.0.1:0', workers: 2, python: findPython() };
  const write = (change: object) => writeFileSync(file, JSON.stringify({ ...base, ...change }));
  write(settings);
  const env = { PYTHONDONTWRITEBYTECODE: '1' };
  const tsgun = await startTsgun(t, ['-c', file, '--proc-name', 'edge'], { cwd: dir, env });
  const control = await connectControl(t, tsgun);
  const target = { port: tsgun.port };
  const gateways = async () =>
    (await control.call('workers', {})).filter(({ kind }) => kind === 'gateway');
  const reload = async (change: object) => {
    write(change);
    return control.call('reload', {});
  };
  return { tsgun, control, target, gateways, reload, write };
}

const python = { app: 'app:app', worker_class: 'sync' };
const node = { app: 'server.mjs' };

test('changes of the edge lose no request, nor do changes of the language', { skip }, async (t) => {
  const { control, reload, target, tsgun } = await start(t, python);
  const loads = [true, false].map((keepAlive) => hammer(t, { target, connections: 4, keepAlive }));
  const configs = [{ ...python, keepalive: 9 }, node, { ...python, gateways: 2 }, node, python];
  for (const change of configs) {
    const { outcome } = await reload(change);
    assert.equal(outcome, 'done');
    assert.equal((await fetchOnce(target)).body, 'worker_class' in change ? 'python' : 'node');
    assert.deepEqual(
      loads.flatMap(({ failures }) => failures),
      [],
      JSON.stringify(change),
    );
  }
  await Promise.all(loads.map((load) => load.stop()));
  assert.ok(loads.every(({ answered }) => answered > 100));
  assert.equal((await control.call('status', {})).gateways?.ready, 1);
  assert.equal(await tsgun.stop(), 0);
});

test('a reload of the same edge keeps every client connection open', { skip }, async (t) => {
  const { gateways, reload, target } = await start(t, { ...python, keepalive: 60 });
  const client = await StrictConnection.open(target);
  t.after(() => client.close());
  await client.get('/');
  const before = await gateways();
  for (const threads of [2, 1, 4]) await reload({ ...python, keepalive: 60, threads });
  assert.equal((await client.get('/')).body, 'python');
  assert.deepEqual(
    (await gateways()).map(({ pid }) => pid),
    before.map(({ pid }) => pid),
  );
});

test('a generation that is rolled back takes its gateway with it', { skip }, async (t) => {
  const { control, target, gateways, write } = await start(t, python);
  const [first] = await gateways();
  write({ ...python, static: ['/files/=static'] });
  assert.equal((await control.call('reload', { confirmWithin: 60 })).outcome, 'confirming');
  assert.equal((await fetchOnce(target, '/files/a.txt')).body, 'static');
  await control.call('rollback', {});
  assert.equal((await fetchOnce(target, '/files/a.txt')).body, 'python');
  await waitFor('the new gateway to leave', async () => (await gateways()).length === 1);
  assert.equal((await gateways())[0]?.pid, first?.pid);
});

test('a Python app that cannot be loaded leaves the Node app serving', { skip }, async (t) => {
  const { control, target, write } = await start(t, node);
  write({ app: 'missing:app', worker_class: 'sync' });
  const { message } = await failureOf(control.call('reload', {}));
  assert.match(message, /No module is named "missing"|ModuleNotFoundError/);
  assert.equal((await fetchOnce(target)).body, 'node');
  assert.equal((await control.call('status', {})).gateways, null);
});

test('what is told of gateways is as rpc.discover has it', { skip }, async (t) => {
  const { control, tsgun } = await start(t, { ...python, gateways: 2, workers: 3 });
  const { methods } = (await control.request('rpc.discover', {})) as {
    methods: { name: string; result: { schema: unknown } }[];
  };
  for (const name of ['status', 'workers', 'requests', 'stats', 'why']) {
    const schema = methods.find((method) => method.name === name)?.result.schema;
    assert.deepEqual(findMismatches(schema, await control.request(name, {})), [], name);
  }
  const kinds = (await control.call('workers', {})).map(({ kind, slot }) => `${kind} ${slot}`);
  assert.deepEqual(kinds, ['sync 0', 'sync 1', 'sync 2', 'gateway 0', 'gateway 1']);
  const { gateways, workers } = await control.call('status', {});
  assert.deepEqual([workers.ready, gateways?.ready, gateways?.wanted], [3, 2, 2]);
  assert.equal(await tsgun.stop(), 0);
});

test('without workers nothing is accepted, and with them the backlog is answered', {
  skip,
}, async (t) => {
  const { control, target, tsgun, gateways } = await start(t, python);
  tsgun.signal('SIGWINCH');
  await waitFor('everybody to leave', async () => (await control.call('workers', {})).length === 0);
  const answer = fetchOnce(target);
  await control.call('scale', { workers: '1' });
  assert.equal((await answer).body, 'python');
  assert.equal((await gateways()).length, 1);
});

test('a request says which worker has it, and a dump where it is', { skip }, async (t) => {
  const { control, target } = await start(t, { ...python, workers: 1 });
  assert.equal((await control.call('dump', { slot: 0 })).stack, 'It waits for requests');
  const answers = [fetchOnce(target, '/slow'), fetchOnce(target, '/slow')];
  const requests = await waitFor('both to be there', async () => {
    const told = (await control.call('requests', {})).requests;
    return told.length === 2 && told.some(({ slot }) => slot === 0) ? told : undefined;
  });
  assert.deepEqual(requests.map(({ slot }) => slot).toSorted(), [0, null]);
  const { stack, inFlight } = await control.call('dump', { slot: 0 });
  assert.match(stack, /File ".*app\.py", line \d+ in app/);
  assert.match(inFlight.join(), /^GET \/slow for \d+ ms$/);
  assert.deepEqual(await Promise.all(answers.map(async (one) => (await one).body)), [
    'python',
    'python',
  ]);
});
