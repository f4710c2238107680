import type { Server as HttpServer, RequestListener } from 'node:http';
import { Server as NetServer } from 'node:net';

// An `import` of it would run its getters too, one of which loads a whole HTTP client: 15 ms.
const { createServer } = process.getBuiltinModule('node:http');

/** Anything an app can be turned into: a server that does not listen, and what it was. */
export interface ServableApp {
  kind: string;
  server: HttpServer;
}

type FetchHandler = (request: Request) => Response | Promise<Response>;

/** Factories of factories end somewhere. */
const deepest = 4;

/** Recognises an app by its shape, without any framework; null when there is nothing to serve. */
export async function recognizeApp(exported: unknown, depth = 0): Promise<ServableApp | null> {
  const app = await exported;
  if (typeof app === 'function') return recognizeFunction(app as AnyFunction, depth);
  if (typeof app !== 'object' || app === null) return null;
  if (app instanceof NetServer) return recognizeServer(app);
  if (has(app, 'getHttpAdapter', 'init')) return startNest(app);
  if (has(app, 'ready', 'routing', 'inject')) return startFastify(app);
  if (has(app, 'callback', 'use')) return listenWith('Koa', method(app, 'callback')());
  if (has(app, 'fetch')) return listenWithFetch((request) => method(app, 'fetch')(request));
  return null;
}

type AnyFunction = (...args: never[]) => unknown;

async function recognizeFunction(app: AnyFunction, depth: number): Promise<ServableApp | null> {
  if (has(app, 'handle', 'use')) return listenWith('Express', app);
  if (has(app, 'fetch')) return listenWithFetch((request) => method(app, 'fetch')(request));
  if (app.length >= 2) return listenWith('request listener', app);
  if (app.length === 1) return listenWithFetch(app as FetchHandler);
  if (depth >= deepest || /^class\b/.test(Function.prototype.toString.call(app))) return null;
  return recognizeApp((app as () => unknown)(), depth + 1);
}

/** HTTP, HTTPS and HTTP/2 servers have a time-out for requests; bare TCP servers have not. */
export const speaksHttp = (server: NetServer): boolean => has(server, 'setTimeout');

const recognizeServer = (server: NetServer): ServableApp | null =>
  speaksHttp(server) ? { kind: 'server', server: server as HttpServer } : null;

async function startFastify(app: object): Promise<ServableApp | null> {
  await method(app, 'ready')();
  const server: unknown = Reflect.get(app, 'server');
  return server instanceof NetServer ? { kind: 'Fastify', server: server as HttpServer } : null;
}

async function startNest(app: object): Promise<ServableApp | null> {
  await method(app, 'init')();
  const adapter = method(app, 'getHttpAdapter')();
  const instance =
    typeof adapter === 'object' && adapter !== null && has(adapter, 'getInstance')
      ? method(adapter, 'getInstance')()
      : null;
  const server = has(app, 'getHttpServer') ? method(app, 'getHttpServer')() : null;
  if (server instanceof NetServer) {
    if (typeof instance === 'object' && instance !== null && has(instance, 'ready', 'routing')) {
      await method(instance, 'ready')();
    }
    return { kind: 'NestJS', server: server as HttpServer };
  }
  const found = await recognizeApp(instance, 1);
  return found && { ...found, kind: 'NestJS' };
}

function listenWith(kind: string, listener: unknown): ServableApp | null {
  if (typeof listener !== 'function') return null;
  return { kind, server: createServer(listener as RequestListener) };
}

async function listenWithFetch(handler: (request: Request) => unknown): Promise<ServableApp> {
  const { createRequestListener } = await import('@remix-run/node-fetch-server');
  const listener = createRequestListener(handler as FetchHandler);
  return { kind: 'fetch handler', server: createServer(listener as unknown as RequestListener) };
}

const has = (value: object, ...names: string[]): boolean =>
  names.every((name) => typeof Reflect.get(value, name) === 'function');

/** Bound, because frameworks use `this`. */
function method(value: object, name: string): (...args: unknown[]) => unknown {
  const found: unknown = Reflect.get(value, name);
  if (typeof found !== 'function') throw new TypeError(`${name} is no function`);
  return (...args) => Reflect.apply(found, value, args);
}
