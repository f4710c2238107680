import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { recognizeApp } from '../../../src/worker/app-kind.ts';
import { fetchOnce } from '../../helpers/strict-client.ts';

type Respond = { end(text: string): void };

const listener = (_req: unknown, res: Respond) => res.end('served');

class KoaLike {
  use() {}
  callback() {
    return this instanceof KoaLike ? listener : null;
  }
}

class FastifyLike {
  #ready = false;
  server = createServer((_req, res) => res.end(this.#ready ? 'served' : 'too early'));
  routing() {}
  inject() {}
  ready() {
    this.#ready = true;
  }
}

const expressLike = Object.assign(
  (_req: unknown, res: Respond, _next: unknown) => listener(_req, res),
  {
    handle() {},
    use() {},
  },
);

class NestLike {
  init() {
    return Promise.resolve(this);
  }
  getHttpAdapter() {
    return { getInstance: () => expressLike };
  }
}

class FetchLike {
  #text = 'served';
  fetch(_request: Request) {
    return new Response(this.#text);
  }
}

const apps: [string, unknown, string][] = [
  ['a request listener', listener, 'request listener'],
  ['an Express app', expressLike, 'Express'],
  ['a Koa app', new KoaLike(), 'Koa'],
  ['a Fastify app', new FastifyLike(), 'Fastify'],
  ['a NestJS app', new NestLike(), 'NestJS'],
  ['an object with fetch', new FetchLike(), 'fetch handler'],
  ['a fetch function', (_request: Request) => new Response('served'), 'fetch handler'],
  ['a server', createServer(listener), 'server'],
  ['a promise', Promise.resolve(listener), 'request listener'],
  ['a factory', () => listener, 'request listener'],
  ['a factory of a promise of a factory', async () => () => listener, 'request listener'],
];

for (const [what, app, kind] of apps) {
  test(`recognizeApp() takes ${what} for ${kind} and makes it a server`, async (t) => {
    const found = await recognizeApp(app);
    assert.equal(found?.kind, kind);
    assert.equal(await ask(t, found.server), 'served');
  });
}

test('recognizeApp() takes an HTTPS server', async () => {
  const server = createSecureServer();
  assert.equal((await recognizeApp(server))?.server, server);
});

const endless = (): unknown => endless;

const others: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 42],
  ['a string', 'app'],
  ['an empty object', {}],
  ['a class', class App {}],
  ['a bare TCP server', createTcpServer()],
  ['a factory of nothing', () => undefined],
  ['a factory that returns itself for ever', endless],
];

for (const [what, value] of others) {
  test(`recognizeApp() finds nothing to serve in ${what}`, async () => {
    assert.equal(await recognizeApp(value), null);
  });
}

test('recognizeApp() passes on what a factory throws', async () => {
  const factory = () => {
    throw new Error('no parts');
  };
  await assert.rejects(recognizeApp(factory), /no parts/);
});

async function ask(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (await fetchOnce({ port: (server.address() as AddressInfo).port })).body;
}
