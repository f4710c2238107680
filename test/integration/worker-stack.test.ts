import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { TsgunError } from '../../src/core/errors.ts';
import { startWorker, type TestWorker } from '../helpers/start-worker.ts';
import { fetchOnce, hammer, StrictConnection } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

const budgetMs = 5000;

const app = `
  import { execSync } from 'node:child_process';
  import { setTimeout as delay } from 'node:timers/promises';
  function burn(ms) { const until = performance.now() + ms; while (performance.now() < until); }
  export default async function serve(req, res) {
    const ms = Number(req.headers['x-ms'] ?? 2);
    if (req.url.startsWith('/burn')) burn(ms);
    if (req.url === '/slow') await delay(5);
    if (req.url === '/native') execSync('sleep ' + ms / 1000);
    if (req.url === '/expression') /^(a+)+$/.test('a'.repeat(ms) + 'b');
    res.end('done');
  }
`;

const descriptors = ({ pid }: TestWorker): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });

/** Listening TCP sockets of a worker: its own one, and an inspector's. */
function listening(worker: TestWorker): number {
  const inodes = new Set(descriptors(worker).map((link) => /^socket:\[(\d+)]$/.exec(link)?.[1]));
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && inodes.has(fields[9])).length;
}

const toBeShut = (worker: TestWorker) =>
  waitFor('the inspector to be closed', () => listening(worker) === 1);

/** It beats every 100 ms while its loop turns. */
function toBeBusy(worker: TestWorker): Promise<boolean> {
  let beats = 0;
  let since = 0;
  return waitFor('silence', () => {
    if (worker.heard('beat').length !== beats) since = performance.now();
    beats = worker.heard('beat').length;
    return performance.now() - since > 180;
  });
}

const failsWith = (pattern: RegExp) => (error: unknown) =>
  error instanceof TsgunError && error.code === 'TSGUN_E_OPERATION' && pattern.test(error.message);

test('fifty stacks under load lose no request and leave nothing behind', async (t) => {
  const worker = await startWorker(t, { app });
  const { target } = worker;
  await worker.handle.takeStack(budgetMs);
  await toBeShut(worker);
  const before = descriptors(worker).length;
  const threads = () => readdirSync(`/proc/${worker.pid}/task`).length;
  const threadsBefore = threads();
  const clients = [
    hammer(t, { target, connections: 4, keepAlive: true, path: '/slow' }),
    hammer(t, { target, connections: 4, keepAlive: false }),
    hammer(t, { target, connections: 2, keepAlive: true, path: '/burn?secret' }),
  ];
  await waitFor('load', () => clients.every(({ answered }) => answered > 20));
  const stacks: string[] = [];
  for (let count = 0; count < 50; count += 1) {
    const { stack, inFlight } = await worker.handle.takeStack(budgetMs);
    stacks.push(stack);
    for (const line of inFlight) assert.match(line, /^GET \/(slow|burn)? for \d+ ms$/);
  }
  const answered = clients.map((client) => client.answered);
  await waitFor('more', () => clients.every((one, i) => one.answered > (answered[i] ?? 0) + 10));
  await Promise.all(clients.map((client) => client.stop()));
  assert.deepEqual(
    clients.flatMap(({ failures }) => failures),
    [],
  );
  assert.ok(
    stacks.some((stack) =>
      /^ {4}at burn \(file:.*app\.mjs:4:\d+\)\n {4}at Server\.serve/.test(stack),
    ),
  );
  assert.ok(!stacks.some((stack) => stack.includes('tsgun-stack')));
  await toBeShut(worker);
  await waitFor('its descriptors', () => descriptors(worker).length === before);
  assert.equal(threads(), threadsBefore);
  assert.deepEqual(worker.log, [], 'nothing of the inspector is in the log');
});

test('the stack of an idle worker says so, and the requests it has', async (t) => {
  const worker = await startWorker(t, { app: 'export default (req, res) => {};' });
  assert.deepEqual(await worker.handle.takeStack(budgetMs), {
    stack: 'Its event loop is idle',
    inFlight: [],
  });
  const client = await StrictConnection.open(worker.target);
  client.write('GET /there?secret HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('the request', () => worker.heard('beat').at(-1)?.inFlight === 1);
  const { inFlight } = await worker.handle.takeStack(budgetMs);
  assert.match(inFlight.join(), /^GET \/there for \d+ ms$/);
  client.close();
});

test('two who ask at the same time get an answer', async (t) => {
  const worker = await startWorker(t, { app });
  const answer = fetchOnce(worker.target, '/burn', 'X-Ms: 700\r\n');
  await toBeBusy(worker);
  const both = [1, 2].map(() => worker.handle.takeStack(budgetMs));
  for (const { stack } of await Promise.all(both)) assert.match(stack, /at burn /);
  assert.equal((await answer).body, 'done');
  await toBeShut(worker);
});

for (const [path, ms, frame] of [
  ['/burn', 1500, /^ {4}at burn /m], // or in what it calls
  ['/expression', 25, /^ {4}at (RegExp\.test|Server\.serve) /m],
] as const) {
  test(`a worker that is busy in ${path} shows it, is left alone, and goes on`, async (t) => {
    const worker = await startWorker(t, { app });
    const answer = fetchOnce(worker.target, path, `X-Ms: ${ms}\r\n`);
    await toBeBusy(worker);
    const { stack, inFlight } = await worker.handle.takeStack(budgetMs);
    assert.match(stack, frame);
    assert.match(inFlight.join(), new RegExp(`^GET ${path} for \\d+ ms$`));
    assert.equal((await answer).body, 'done');
    await toBeShut(worker);
    assert.equal((await worker.handle.takeStack(budgetMs)).stack, 'Its event loop is idle');
  });
}

test('a worker in a system call does not answer in time, and is well afterwards', async (t) => {
  const worker = await startWorker(t, { app });
  const answer = fetchOnce(worker.target, '/native', 'X-Ms: 1000\r\n');
  const begun = performance.now();
  await waitFor('it to be deaf', () => performance.now() - begun > 200);
  await assert.rejects(
    worker.handle.takeStack(300),
    failsWith(/^Cannot take the stack: the worker did not answer$/),
  );
  assert.equal((await answer).body, 'done');
  await toBeShut(worker);
  for (let count = 0; count < 3; count += 1) {
    assert.equal((await worker.handle.takeStack(budgetMs)).stack, 'Its event loop is idle');
  }
  await toBeShut(worker);
});

test('a worker that leaves or dies meanwhile has no stack, and nobody waits for it', async (t) => {
  for (const delayMs of [0, 2, 5, 10]) {
    for (const end of ['quit', 'kill'] as const) {
      const worker = await startWorker(t, { app });
      const stack = worker.handle.takeStack(budgetMs);
      const settled = stack.then(
        () => 'taken',
        (error: unknown) => (failsWith(/^Cannot take the stack: /)(error) ? 'not taken' : error),
      );
      const begun = performance.now();
      await waitFor('its time', () => performance.now() - begun >= delayMs);
      if (end === 'quit') worker.send({ type: 'quit' });
      else worker.handle.kill('SIGKILL');
      const { code, signal } = await worker.exited();
      assert.equal(end === 'quit' ? code : signal, end === 'quit' ? 0 : 'SIGKILL');
      assert.match(String(await settled), /^(not )?taken$/);
      assert.ok(performance.now() - begun < 2000);
      await assert.rejects(worker.handle.takeStack(budgetMs), failsWith(/.*/));
    }
  }
});

test('a worker that does not run yet is not signalled', async (t) => {
  const worker = await startWorker(t, { app, waitUntilReady: false });
  await assert.rejects(
    worker.handle.takeStack(budgetMs),
    failsWith(/^Cannot take the stack: it does not run$/),
  );
  await worker.hear('ready');
});

test('an inspector that the operator has opened stays open', async (t) => {
  const worker = await startWorker(t, { app, nodeArgs: ['--inspect'] });
  assert.equal(listening(worker), 2);
  for (let count = 0; count < 3; count += 1) {
    assert.equal((await worker.handle.takeStack(budgetMs)).stack, 'Its event loop is idle');
  }
  await worker.hear('beat', worker.heard('beat').length + 2);
  assert.equal(listening(worker), 2);
});

test('an app that makes its own stacks is not asked, and finds all as it was', async (t) => {
  const worker = await startWorker(t, {
    app: `
      Error.prepareStackTrace = () => { throw new Error('mine'); };
      Error.stackTraceLimit = 1;
      const made = Error.prepareStackTrace;
      export default (req, res) => {
        const until = performance.now() + 500;
        while (req.url === '/burn' && performance.now() < until);
        res.end(String(Error.prepareStackTrace === made && Error.stackTraceLimit === 1));
      };
    `,
  });
  const answer = fetchOnce(worker.target, '/burn');
  const begun = performance.now();
  await waitFor('it to burn', () => performance.now() - begun > 100);
  const { stack } = await worker.handle.takeStack(budgetMs);
  assert.ok(stack.split('\n').length > 3, stack);
  assert.equal((await answer).body, 'true');
  assert.equal((await fetchOnce(worker.target)).body, 'true');
});
