import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { needsPython } from '../helpers/python.ts';
import { type PythonClass, startPython } from '../helpers/python-server.ts';
import { ask, get, header } from '../helpers/raw-request.ts';
import type { Target } from '../helpers/strict-client.ts';
import { WsClient } from '../helpers/ws-client.ts';

// The endpoints that Gunicorn's suite for frameworks asks for, in three of them.

type Checks = Record<string, (target: Target) => Promise<void>>;

const http: Checks = {
  async '/health'(target) {
    assert.equal((await get(target, '/health')).body, 'OK');
  },
  async '/echo'(target) {
    for (const size of [0, 10, 1_000_000]) {
      const body = randomBytes(size);
      const headers = ['Content-Type: application/x-own'];
      const answer = await ask(target, 'POST', '/echo', { headers, body });
      assert.ok(Buffer.from(answer.body, 'latin1').equals(body));
      assert.equal(header(answer, 'content-type'), 'application/x-own');
    }
  },
  async '/headers'(target) {
    const answer = await get(target, '/headers', ['X-Custom: own', 'User-Agent: me']);
    const headers = JSON.parse(answer.body) as Record<string, string>;
    assert.equal(headers['x-custom'], 'own');
    assert.equal(headers['user-agent'], 'me');
  },
  async '/status/{code}'(target) {
    for (const code of [200, 201, 204, 301, 304, 400, 404, 418, 500, 503])
      assert.equal((await get(target, `/status/${code}`)).status, code);
  },
  async '/streaming'(target) {
    const answer = await get(target, '/streaming');
    assert.match(answer.body, /^(chunk \d\n){10}$/);
    assert.equal(answer.complete, true);
  },
  async '/sse'(target) {
    const answer = await get(target, '/sse');
    assert.match(header(answer, 'content-type') ?? '', /^text\/event-stream/);
    assert.equal(answer.body.match(/data: event \d/g)?.length, 5);
  },
  async '/large'(target) {
    assert.equal((await get(target, '/large')).body.length, 1 << 20);
    assert.equal((await get(target, '/large?size=5000000')).body.length, 5_000_000);
  },
  async '/delay'(target) {
    const begun = performance.now();
    const asked = Array.from({ length: 5 }, () => get(target, '/delay?seconds=0.3'));
    for (const { body } of await Promise.all(asked)) assert.equal(body, 'delayed');
    assert.ok(performance.now() - begun >= 300);
  },
  async 'a path that does not exist'(target) {
    assert.equal((await get(target, '/no/such/path')).status, 404);
  },
};

const asgi: Checks = {
  async '/scope'(target) {
    const scope = JSON.parse((await get(target, '/scope?q=1&r=%20')).body);
    assert.deepEqual(scope, {
      type: 'http',
      method: 'GET',
      path: '/scope',
      raw_path: '/scope',
      query_string: 'q=1&r=%20',
      http_version: '1.1',
      scheme: 'http',
      root_path: '',
    });
  },
};

const lifespan: Checks = {
  async '/lifespan/state'(target) {
    assert.equal(JSON.parse((await get(target, '/lifespan/state')).body).started, true);
  },
  async '/lifespan/counter'(target) {
    const count = async () => JSON.parse((await get(target, '/lifespan/counter')).body).counter;
    assert.equal((await count()) + 1, await count());
  },
};

const webSockets: Checks = {
  async '/ws/echo'(target) {
    const client = new WsClient(target, '/ws/echo');
    await client.opened;
    for (const text of ['a', 'grüße', 'x'.repeat(100_000)]) {
      client.socket.send(text);
      assert.equal(await client.text(), text);
    }
    await client.close();
  },
  async '/ws/echo-binary'(target) {
    const client = new WsClient(target, '/ws/echo-binary');
    await client.opened;
    const bytes = randomBytes(100_000);
    client.socket.send(bytes);
    assert.ok((await client.next()).data.equals(bytes));
    await client.close();
  },
  async '/ws/scope'(target) {
    const scope = JSON.parse(await new WsClient(target, '/ws/scope', ['x']).text());
    const expected = { type: 'websocket', path: '/ws/scope', scheme: 'ws', subprotocols: ['x'] };
    assert.deepEqual(scope, expected);
  },
  async '/ws/subprotocol'(target) {
    const client = new WsClient(target, '/ws/subprotocol', ['other', 'chat']);
    await client.opened;
    assert.equal(client.socket.protocol, 'chat');
    await client.closed;
  },
  async '/ws/close'(target) {
    for (const code of [1000, 1001, 3500, 4000]) {
      const client = new WsClient(target, `/ws/close?code=${code}`);
      assert.equal((await client.closed).code, code);
    }
  },
};

interface Framework {
  name: string;
  modules: string[];
  kind: PythonClass;
  app: string;
  checks: Checks;
}

const frameworks: Framework[] = [
  {
    name: 'Starlette',
    modules: ['starlette'],
    kind: 'asgi',
    app: 'contract_starlette:app',
    checks: { ...http, ...asgi, ...lifespan, ...webSockets },
  },
  {
    name: 'FastAPI',
    modules: ['fastapi'],
    kind: 'asgi',
    app: 'contract_fastapi:app',
    checks: { ...http, ...asgi, ...lifespan, ...webSockets },
  },
  {
    name: 'Django, ASGI',
    modules: ['django'],
    kind: 'asgi',
    app: 'contract_django:app',
    checks: { ...http, ...asgi },
  },
  ...(['sync', 'gthread', 'gevent'] as const).map((kind) => ({
    name: `Django, ${kind}`,
    modules: kind === 'gevent' ? ['django', 'gevent'] : ['django'],
    kind,
    app: 'contract_django:wsgi',
    checks: http,
  })),
];

for (const { name, modules, kind, app, checks } of frameworks) {
  test(name, { skip: needsPython(...modules) }, async (t) => {
    const { target } = await startPython(t, kind, app, { modules });
    for (const [endpoint, check] of Object.entries(checks))
      await t.test(endpoint, () => check(target));
  });
}
