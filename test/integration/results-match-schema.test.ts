import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ControlClient } from '../../ctl/client.ts';
import { connectControl, controlPath, waitForStatus } from '../helpers/control.ts';
import { findMismatches } from '../helpers/match-schema.ts';
import { isAlive } from '../helpers/processes.ts';
import { startTsgun, type Tsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const app = `export default (req, res) => {
  if (req.url === '/slow') return;
  if (req.url === '/crash') setImmediate(() => { throw new Error('crashed'); });
  else res.end('well');
};
`;

/** What methods answer with, as `rpc.discover` has it. */
class Discovered {
  readonly #schemas: ReadonlyMap<string, unknown>;
  readonly #client: ControlClient;

  private constructor(client: ControlClient, schemas: ReadonlyMap<string, unknown>) {
    this.#client = client;
    this.#schemas = schemas;
  }

  static async of(client: ControlClient): Promise<Discovered> {
    const { methods } = (await client.call('rpc.discover', {})) as {
      methods: { name: string; result: { schema: unknown } }[];
    };
    const schemas = methods.map(({ name, result }) => [name, result.schema] as const);
    return new Discovered(client, new Map(schemas));
  }

  /** Calls it and holds the answer against its schema. */
  async check(method: string, params: object = {}): Promise<unknown> {
    const result = await this.#client.request(method, params);
    const mismatches = findMismatches(this.#schemas.get(method), result);
    assert.deepEqual(mismatches, [], `${method} ${JSON.stringify(params)}`);
    return result;
  }

  async checkQueries(): Promise<void> {
    for (const method of queries) await this.check(method);
    await this.check('why', { all: true });
  }
}

const queries = [
  ...(['hello', 'ping', 'status', 'workers', 'requests', 'listeners', 'config'] as const),
  ...(['config-check', 'config-diff', 'stats', 'why', 'rpc.discover'] as const),
];

/** Two workers, two listeners and a log file. */
async function start(
  t: TestContext,
): Promise<{ tsgun: Tsgun; client: ControlClient; dir: string }> {
  const dir = writeFiles(makeTempDir(t), { 'app.mjs': app });
  const binds = ['-b', '127.0.0.1:0', '-b', `unix:${dir}/app.sock`];
  const words = ['-w', '2', ...binds, '--accesslog', 'access.log', 'app.mjs'];
  const tsgun = await startTsgun(t, words, { cwd: dir });
  return { tsgun, client: await connectControl(t, tsgun), dir };
}

/** A request that stays in flight until the test ends. */
function hangOn(t: TestContext, tsgun: Tsgun): void {
  const ending = new AbortController();
  t.after(() => ending.abort());
  fetch(`http://127.0.0.1:${tsgun.port}/slow`, { signal: ending.signal }).catch(() => undefined);
}

test('what queries answer is as rpc.discover says, whatever has happened', async (t) => {
  const { tsgun, client } = await start(t);
  const discovered = await Discovered.of(client);
  await discovered.checkQueries();
  await fetch(`http://127.0.0.1:${tsgun.port}/crash`).catch(() => undefined);
  await waitForStatus('a death', client, ({ lastDeath }) => lastDeath !== null);
  hangOn(t, tsgun);
  await waitFor('a request in flight', async () => {
    const { requests } = await client.call('requests', {});
    return requests.some(({ path }) => path === '/slow');
  });
  await waitFor('beats', async () =>
    (await client.call('workers', {})).every(({ cpuPercent }) => cpuPercent !== null),
  );
  await discovered.checkQueries();
  await discovered.check('config', { name: 'bind' });
  await discovered.check('requests', { olderThan: 0 });
  for (const [slot] of (await client.call('workers', {})).entries()) {
    await discovered.check('dump', { slot });
  }
});

test('what operations answer is as rpc.discover says, and so is all between them', async (t) => {
  const { client, dir } = await start(t);
  const discovered = await Discovered.of(client);
  const check = discovered.check.bind(discovered);
  for (const workers of ['+1', '3', 2]) await check('scale', { workers });
  await check('drain', { slot: 0 });
  await discovered.checkQueries();
  await check('undrain', { slot: 0 });
  await check('recycle', { slot: 0 });
  await check('recycle', { all: true });
  await check('kill', { slot: 1, signal: 'TERM' });
  for (const method of ['hold', 'hold', 'resume', 'pause', 'unpause', 'reopen']) {
    await check(method);
  }
  await check('set', { name: 'loglevel', value: 'debug' });
  await check('set', { name: 'max_memory', value: '1G' });
  await check('reload', { dryRun: true });
  await check('reload', { reason: 'for the test' });
  await discovered.checkQueries();
  await check('reload', { confirmWithin: 60 });
  await discovered.checkQueries();
  await check('rollback', { reason: 'for the test' });
  await check('reload', { confirmWithin: 60 });
  await check('confirm');
  const reload = client.request('reload', { canary: true, stabilize: 60 }).catch(() => undefined);
  await waitForStatus('a reload', client, ({ operations }) => operations.length > 0);
  await discovered.checkQueries();
  await check('abort');
  await reload;
  writeFiles(dir, { 'app.mjs': 'throw new Error("no such luck");' });
  await client.request('reload', {}).catch(() => undefined);
  await discovered.checkQueries();
  await check('wait', { operation: 'op:1' });
  await check('stop', { quick: true });
});

test('notifications are as rpc.discover says', async (t) => {
  const { client } = await start(t);
  const document = (await client.call('rpc.discover', {})) as {
    'x-notifications': { name: string; params: unknown }[];
  };
  const schemas = new Map(document['x-notifications'].map(({ name, params }) => [name, params]));
  const mismatches: string[] = [];
  const heard = new Map<string, number>();
  for (const name of ['progress', 'event', 'log'] as const) {
    client.on(name, (params: unknown) => {
      heard.set(name, (heard.get(name) ?? 0) + 1);
      mismatches.push(...findMismatches(schemas.get(name), params, name));
    });
  }
  const discovered = await Discovered.of(client);
  for (const topic of ['events', 'log']) await discovered.check('subscribe', { topic, tail: 100 });
  await client.call('reload', { confirmWithin: 60 });
  await client.call('rollback', {});
  for (const topic of ['events', 'log']) await discovered.check('unsubscribe', { topic });
  assert.deepEqual(mismatches, []);
  assert.deepEqual([...heard.keys()].toSorted(), ['event', 'log', 'progress']);
});

test('an upgrade answers as rpc.discover says', async (t) => {
  let log = () => '';
  // Before all else, because nothing that the successor holds ends without it.
  t.after(() => endSuccessors(log()));
  const { client, tsgun } = await start(t);
  log = () => tsgun.log;
  const discovered = await Discovered.of(client);
  const answer = (await discovered.check('upgrade')) as { to: number };
  const successor = await waitFor('the successor to answer', () => reach(tsgun, answer.to));
  t.after(() => successor.close());
  await (await Discovered.of(successor)).checkQueries();
});

/** The old program answers a moment longer. */
async function reach(tsgun: Tsgun, pid: number): Promise<ControlClient | null> {
  const client = await ControlClient.connect(controlPath(tsgun)).catch(() => null);
  const pong = await client?.call('ping', {}).catch(() => null);
  if (pong?.pid === pid) return client;
  client?.close();
  return null;
}

/** They are no children of the test; their pids are in the log. */
async function endSuccessors(log: string): Promise<void> {
  const [, ...pids] = [...log.matchAll(/\[(\d+)\] \[INFO\] Starting /g)].map(([, pid]) =>
    Number(pid),
  );
  for (const pid of pids) {
    if (isAlive(pid)) process.kill(pid);
    await waitFor('the successor to be gone', () => !isAlive(pid));
  }
}
