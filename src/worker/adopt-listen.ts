import type { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { speaksHttp } from './app-kind.ts';

/** What there is instead of the addresses that an app asks for. */
export interface Site {
  /** Takes over the first HTTP server that listens; `asked` is `3000`, `{"port":3000}` ... */
  adopt(server: HttpServer, asked: string): void;
  /** Of all listeners. */
  ports(): number[];
  address(): ReturnType<NetServer['address']>;
}

/**
 * The first HTTP server that the app's own code makes listen is taken over: whatever port it asks
 * for, it gets our connections. A later one that asks for a port of ours gets none, because we serve
 * it already (Fastify does so for the second address of `localhost`). Every other `listen` works as
 * it is written.
 */
export function adoptListen(site: Site): void {
  const original = NetServer.prototype.listen;
  let adopted = false;
  NetServer.prototype.listen = function (this: NetServer, ...args: unknown[]): NetServer {
    if (!speaksHttp(this)) return Reflect.apply(original, this, args);
    const server = this as HttpServer;
    if (adopted && !site.ports().includes(portOf(args))) {
      return Reflect.apply(original, this, args);
    }
    const callback = args.findLast((arg) => typeof arg === 'function');
    if (callback) server.once('listening', callback as () => void);
    if (adopted) {
      setImmediate(() => pretendToListen(server, site, () => server.emit('close')));
    } else {
      adopted = true;
      site.adopt(server, describe(args));
    }
    return server;
  } as typeof original;
}

/** Lets a server look to its app as if it listened by itself; `close` has to emit its event. */
export function pretendToListen(
  server: HttpServer,
  site: Pick<Site, 'address'>,
  close: () => void,
): void {
  Object.defineProperty(server, 'listening', { get: () => true, configurable: true });
  server.address = () => site.address();
  server.close = (callback?: (error?: Error) => void) => {
    if (callback) server.once('close', () => callback());
    setImmediate(close);
    return server;
  };
  server.emit('listening');
}

function describe(args: readonly unknown[]): string {
  const plain = args.filter((arg) => typeof arg !== 'function' && arg !== undefined);
  return plain.map((arg) => (isObject(arg) ? describeOptions(arg) : String(arg))).join(', ');
}

/** Only what says where, for it can hold anything. */
const describeOptions = (options: object): string =>
  JSON.stringify(
    Object.fromEntries(
      ['path', 'port', 'host'].flatMap((name) => {
        const value: unknown = Reflect.get(options, name);
        return value === undefined ? [] : [[name, String(value)]];
      }),
    ),
  );

function portOf([first]: readonly unknown[]): number {
  const port: unknown = isObject(first) ? Reflect.get(first, 'port') : first;
  return typeof port === 'number' || typeof port === 'string' ? Number(port) : Number.NaN;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
