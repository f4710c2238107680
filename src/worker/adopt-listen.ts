import type { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { speaksHttp } from './app-kind.ts';

export interface Adopted {
  server: HttpServer;
  /** What the app asked for: `3000`, `{"port":3000}`, `/run/app.sock`. */
  asked: string;
}

/**
 * The first HTTP server that the app's own code makes listen is taken over: whatever port it asks
 * for, it gets our connections. Every other `listen` works as it is written.
 */
export function adoptFirstListen(onListen: (adopted: Adopted) => void): void {
  const original = NetServer.prototype.listen;
  let adopted = false;
  NetServer.prototype.listen = function (this: NetServer, ...args: unknown[]): NetServer {
    if (adopted || !speaksHttp(this)) return Reflect.apply(original, this, args);
    adopted = true;
    const callback = args.findLast((arg) => typeof arg === 'function');
    if (callback) this.once('listening', callback as () => void);
    onListen({ server: this as HttpServer, asked: describe(args) });
    return this;
  } as typeof original;
}

function describe(args: readonly unknown[]): string {
  const plain = args.filter((arg) => typeof arg !== 'function' && arg !== undefined);
  return plain
    .map((arg) => (typeof arg === 'object' ? JSON.stringify(arg) : String(arg)))
    .join(', ');
}

export interface Site {
  address(): ReturnType<NetServer['address']>;
  close(): void;
}

/** Lets the server look to its app as if it listened by itself. */
export function pretendToListen(server: HttpServer, site: Site): void {
  Object.defineProperty(server, 'listening', { get: () => true, configurable: true });
  server.address = () => site.address();
  server.close = (callback?: (error?: Error) => void) => {
    site.close();
    if (callback) setImmediate(callback);
    return server;
  };
  server.emit('listening');
}
