import net from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlSocket } from '../../src/control/control-socket.ts';
import type { Limits } from '../../src/control/limits.ts';
import type { Access } from '../../src/control/roles.ts';
import { ControlServer } from '../../src/control/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { LogRecord } from '../../src/core/logger.ts';
import type { ArbiterApi, Caller, MethodName } from '../../src/protocol/control/methods.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

type Handler = (params: Record<string, unknown>, caller: Caller) => unknown;

export interface ServerOptions {
  /** Methods of the arbiter; those that are not given answer with their parameters. */
  api?: Partial<Record<MethodName, Handler>>;
  access?: Partial<Access>;
  limits?: Partial<Limits>;
  mode?: number;
}

export interface TestServer {
  server: ControlServer;
  path: string;
  log: LogRecord[];
}

/** The real server over a real socket, in this process, over an arbiter that only echoes. */
export async function startControlServer(
  t: TestContext,
  { api = {}, access = {}, limits = {}, mode = 0o600 }: ServerOptions = {},
): Promise<TestServer> {
  const file = path.join(makeTempDir(t), 'control.sock');
  const socket = await ControlSocket.open({ path: file, mode, group: null });
  const log: LogRecord[] = [];
  const echo: Handler = (params) => ({ params });
  const server = new ControlServer({
    socket,
    instance: { name: 'test', version: '1.2.3' },
    api: new Proxy(api, {
      get: (methods, name) => methods[name as MethodName] ?? echo,
    }) as unknown as ArbiterApi,
    access: { adminGroup: null, readGroup: null, ...access },
    log: (record) => log.push(record),
    clock: systemClock,
    limits: { closeMs: 200, ...limits },
  });
  t.after(() => server.close());
  return { server, path: file, log };
}

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is looked at by the tests
export type Json = any;

/** A connection without manners of its own: sends what it is told to and keeps what it gets. */
export class RawClient {
  readonly socket: net.Socket;
  readonly lines: Json[] = [];
  ended = false;
  #text = '';
  #nextId = 0;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
    });
  }

  /** Tries again while the queue of the socket is full, as a call that blocks would. */
  static async connect(t: TestContext, file: string): Promise<RawClient> {
    for (;;) {
      const socket = net.connect({ path: file, allowHalfOpen: true });
      t.after(() => socket.destroy());
      const error = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
        socket.once('connect', () => resolve(null)).once('error', resolve),
      );
      if (!error) return new RawClient(socket);
      if (error.code !== 'EAGAIN') throw error;
      await delay(5);
    }
  }

  write(text: string | Buffer): void {
    this.socket.write(text);
  }

  send(message: unknown): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  /** The whole answer, result or error. */
  ask(method: string, params?: unknown): Promise<Json> {
    this.#nextId += 1;
    const id = `ask-${this.#nextId}`;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.find(`the answer to ${method}`, (line) => line.id === id);
  }

  find(what: string, is: (line: Json) => boolean): Promise<Json> {
    return waitFor(what, () => this.lines.find(is));
  }

  /** The next line that nobody has taken. */
  async next(): Promise<Json> {
    await waitFor('a line', () => this.lines.length > 0 || this.ended);
    if (this.lines.length === 0) throw new Error('the connection has ended');
    return this.lines.shift();
  }

  notifications(method: string): Json[] {
    return this.lines.filter((line) => line.method === method).map(({ params }) => params);
  }

  untilEnd(): Promise<boolean> {
    return waitFor('the end of the connection', () => this.ended);
  }

  #receive(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.lines.push(JSON.parse(line));
  }
}

/** Fails unless somebody else is served, and soon. */
export async function expectService(t: TestContext, file: string): Promise<void> {
  const started = performance.now();
  const other = await RawClient.connect(t, file);
  const { result } = await other.ask('ping');
  other.socket.destroy();
  if (result?.pid !== process.pid) throw new Error('the server does not answer');
  const ms = performance.now() - started;
  if (ms > 2000) throw new Error(`the server has taken ${ms} ms to answer`);
}
