import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlClient } from '../../ctl/client.ts';
import { TsgunError } from '../../src/core/errors.ts';
import { methodNames } from '../../src/protocol/control/methods.ts';
import type { ProgressView } from '../../src/protocol/control/views.ts';
import {
  expectService,
  type Json,
  RawClient,
  startControlServer,
} from '../helpers/control-server.ts';
import { waitFor } from '../helpers/wait-for.ts';

const request = (id: unknown, method: string, params?: unknown) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

const progress = (op: number, seq: number): ProgressView => ({
  op,
  method: 'reload',
  seq,
  phase: 'started',
  text: 'Started',
  slot: null,
  done: null,
  total: null,
});

test('our own client calls, hears of progress and gets the answer', async (t) => {
  const { path, log } = await startControlServer(t, {
    api: {
      reload(params, caller) {
        caller.progress(progress(7, 1));
        return { op: 7, params, uid: caller.uid, pid: caller.pid };
      },
    },
  });
  const client = await ControlClient.connect(path);
  t.after(() => client.close());
  const seen: ProgressView[] = [];
  client.on('progress', (each) => seen.push(each));
  const hello = await client.call('hello', { client: 'test 1.0' });
  assert.deepEqual(
    [hello.name, hello.instance, hello.version, hello.pid, hello.role, hello.methods],
    ['tsgun', 'test', '1.2.3', process.pid, 'admin', methodNames],
  );
  const answer: Json = await client.call('reload', { reason: 'why\nnot' });
  assert.deepEqual(answer, {
    op: 7,
    params: { reason: 'why\nnot' },
    uid: process.geteuid?.(),
    pid: process.pid,
  });
  assert.deepEqual(seen, [progress(7, 1)]);
  const by = `by uid ${process.geteuid?.()} pid ${process.pid}`;
  assert.deepEqual(log, [
    { level: 'info', message: `Control: reload {"reason":"why\\nnot"} ${by} (test 1.0)` },
  ]);
});

test('a failure has its code, its details and a line in the log', async (t) => {
  const { path, log } = await startControlServer(t, {
    api: {
      scale() {
        throw new TsgunError('TSGUN_E_CONFLICT', `A reload runs\n${'trace '.repeat(1000)}`, {
          detail: { op: 3, code: 'forged' },
        });
      },
    },
  });
  const client = await RawClient.connect(t, path);
  const { error } = await client.ask('scale', ['+1']);
  assert.equal(error.code, -32_012);
  assert.match(error.message, /^A reload runs\ntrace/);
  assert.deepEqual(error.data, { op: 3, code: 'TSGUN_E_CONFLICT' });
  assert.deepEqual(
    log.map(({ level, message }) => [level, message.replace(/ by uid \d+ pid \d+/, '')]),
    [
      ['info', 'Control: scale {"workers":"+1"}'],
      ['info', 'Control: scale failed: A reload runs'],
    ],
  );
});

test('an unexpected error, or an answer that is no JSON, is told to the log and not to the caller', async (t) => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const { path, log } = await startControlServer(t, {
    api: {
      status: () => {
        throw new RangeError('secret');
      },
      workers: () => Promise.reject(new RangeError('secret')),
      stats: () => circular,
      listeners: () => 1n,
    },
  });
  const client = await RawClient.connect(t, path);
  for (const method of ['status', 'workers', 'stats', 'listeners']) {
    const answer = await client.ask(method);
    assert.equal(answer.error.code, -32_603, method);
    assert.doesNotMatch(JSON.stringify(answer), /secret|\.ts/);
  }
  assert.equal(log.length, 4);
  for (const { level, message } of log) {
    assert.equal(level, 'error');
    assert.match(message, /\n +at /);
  }
  await expectService(t, path);
});

test('unknown methods and parameters are refused with what was probably meant', async (t) => {
  const { path } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  for (const [method, meant] of [
    ['relaod', 'reload'],
    ['config_diff', 'config-diff'],
  ]) {
    const { error } = await client.ask(String(method));
    assert.equal(error.code, -32_601);
    assert.equal(
      error.message,
      `Cannot call "${method}": no such method, did you mean "${meant}"?`,
    );
    assert.deepEqual(error.data, { code: 'TSGUN_E_USAGE' });
  }
  for (const method of ['__proto__', 'constructor', 'toString', '', 'x'.repeat(100_000)]) {
    const { error } = await client.ask(method);
    assert.equal(error.code, -32_601);
    assert.ok(error.message.length < 200);
  }
  const { error } = await client.ask('scale', { worker: '1' });
  assert.equal(error.code, -32_602);
  assert.match(error.message, /unknown parameter "worker", did you mean "workers"\?/);
});

test('a batch is answered by an array, in order, without its notifications', async (t) => {
  const called: unknown[] = [];
  const { path } = await startControlServer(t, {
    api: { status: (params) => called.push(params) },
  });
  const client = await RawClient.connect(t, path);
  client.send([
    request('a', 'ping'),
    { jsonrpc: '2.0', method: 'status' },
    request(1.5, 'nope'),
    1,
    request('a', 'ping'),
    request(null, 'ping'),
  ]);
  const answers = await client.next();
  assert.deepEqual(
    answers.map(({ id, error }: Json) => [id, error?.code]),
    [
      ['a', undefined],
      [1.5, -32_601],
      [null, -32_600],
      ['a', undefined],
      [null, undefined],
    ],
  );
  assert.equal(called.length, 1);
  client.send([request(1, 'ping')]);
  assert.ok(Array.isArray(await client.next()));
  client.send([{ jsonrpc: '2.0', method: 'ping' }]);
  client.send({ jsonrpc: '2.0', method: 'scale', params: ['x'] });
  client.send(request(2, 'ping'));
  assert.equal((await client.next()).id, 2);
});

test('what is no request is told, and the connection goes on', async (t) => {
  const { path } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  client.write('{\n\r\n   \nnull\n[]\n');
  assert.deepEqual(
    [await client.next(), await client.next(), await client.next()].map(({ id, error }) => [
      id,
      error.code,
    ]),
    [
      [null, -32_700],
      [null, -32_600],
      [null, -32_600],
    ],
  );
  client.write(`${JSON.stringify(request(1, 'ping'))}\r\n`);
  assert.equal((await client.next()).id, 1);
});

test('who stops sending, as socat does, still gets every answer, the last line without its end too', async (t) => {
  const { path, server } = await startControlServer(t, {
    api: {
      async stop(_, caller) {
        await new Promise((resolve) => setImmediate(resolve));
        caller.progress(progress(1, 1));
        await new Promise((resolve) => setImmediate(resolve));
        return 'stopped';
      },
    },
  });
  const client = await RawClient.connect(t, path);
  client.write(`${JSON.stringify(request(1, 'stop'))}\n${JSON.stringify(request(2, 'ping'))}`);
  client.socket.end();
  await client.untilEnd();
  const said = client.lines.map(({ id, method }) => String(id ?? method));
  assert.deepEqual(said.toSorted(), ['1', '2', 'progress']);
  assert.ok(said.indexOf('progress') < said.indexOf('1'));
  await waitFor('the connection to be gone', () => server.counts.connections === 0);
});

test('an operation goes on when its caller goes away, and a half line of one who died is none', async (t) => {
  const state = { running: false, finish() {}, scaled: 0 };
  const { path, server } = await startControlServer(t, {
    api: {
      reload: (_, caller) =>
        new Promise((resolve) => {
          state.running = true;
          state.finish = () => {
            caller.progress(progress(1, 2));
            resolve('done');
          };
        }),
      scale: () => {
        state.scaled += 1;
      },
    },
  });
  const client = await RawClient.connect(t, path);
  client.send(request(1, 'reload'));
  client.write(JSON.stringify(request(2, 'scale', ['1'])));
  await waitFor('the operation', () => state.running);
  client.socket.destroy();
  await waitFor('the connection to be gone', () => server.counts.connections === 0);
  state.finish();
  await expectService(t, path);
  assert.equal(state.scaled, 0);
});

test('close() writes the answer that is ready, ends all connections and takes no more', async (t) => {
  const state = { stop() {} };
  const { path, server } = await startControlServer(t, {
    api: {
      stop: () =>
        new Promise((resolve) => {
          state.stop = () => resolve('bye');
        }),
      status: () => new Promise(() => undefined),
    },
  });
  const client = await RawClient.connect(t, path);
  const idle = await RawClient.connect(t, path);
  const stuck = await RawClient.connect(t, path);
  stuck.send(request(1, 'status'));
  client.send(request(1, 'stop'));
  await waitFor('the calls', () => server.counts.calls === 2);
  state.stop();
  await server.close();
  await Promise.all([client, idle, stuck].map((each) => each.untilEnd()));
  assert.equal((await client.next()).result, 'bye');
  assert.equal(server.counts.connections, 0);
  await assert.rejects(RawClient.connect(t, path), { code: 'ENOENT' });
});

test('close() does not wait for ever for one who does not read', async (t) => {
  const { path, server } = await startControlServer(t, {
    api: { status: () => 'x'.repeat(4 * 1024 * 1024) },
    limits: { closeMs: 100 },
  });
  const client = await RawClient.connect(t, path);
  client.socket.pause();
  client.send(request(1, 'status'));
  await waitFor('the call', () => server.counts.calls === 1);
  const started = performance.now();
  await server.close();
  assert.ok(performance.now() - started < 2000);
  assert.equal(server.counts.connections, 0);
});

test('a ping takes less than half a millisecond, and 100 subscribers do not slow a status', async (t) => {
  const { path, server } = await startControlServer(t, { api: { status: () => ({ pid: 1 }) } });
  const client = await RawClient.connect(t, path);
  const median = async (method: string) => {
    const times: number[] = [];
    for (let count = 0; count < 500; count += 1) {
      const started = performance.now();
      client.write(`{"jsonrpc":"2.0","id":1,"method":"${method}"}\n`);
      await new Promise((resolve) => client.socket.once('data', resolve));
      times.push(performance.now() - started);
    }
    return times.toSorted((a, b) => a - b)[250] ?? 0;
  };
  const ping = await median('ping');
  t.diagnostic(`ping: ${ping.toFixed(3)} ms`);
  assert.ok(ping < 0.5, `${ping} ms`);
  for (let count = 0; count < 100; count += 1) {
    const subscriber = await RawClient.connect(t, path);
    await subscriber.ask('subscribe', ['log']);
    subscriber.socket.pause();
  }
  const record = { at: 1, level: 'info', pid: 1, slot: null, message: 'x'.repeat(200) } as const;
  const noise = setInterval(() => server.publishLog(record), 1);
  t.after(() => clearInterval(noise));
  const status = await median('status');
  t.diagnostic(`status beside 100 subscribers: ${status.toFixed(3)} ms`);
  assert.ok(status < 5, `${status} ms`);
});
