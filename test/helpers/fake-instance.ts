import { mkdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type ErrorCode, TsgunError } from '../../src/core/errors.ts';
import { sampleStatus } from './sample-views.ts';

export interface FakeCall {
  method: string;
  params: Record<string, unknown>;
  /** A notification to whoever called. */
  notify(method: string, params: unknown): void;
  /** Cuts the caller's connection, without an answer. */
  cut(): void;
}

export type Answer = (call: FakeCall) => unknown;

/** Never answers. */
export const silence = (): Promise<never> => new Promise(() => undefined);

/** Speaks the wire protocol with scripted answers; a thrown TsgunError is an error response. */
export class FakeInstance {
  readonly socketPath: string;
  readonly calls: { method: string; params: Record<string, unknown> }[] = [];
  readonly answers: Record<string, Answer>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(socketPath: string, answers: Record<string, Answer>) {
    this.socketPath = socketPath;
    this.answers = { ...defaultAnswers(path.basename(path.dirname(socketPath))), ...answers };
    this.#server = createServer((socket) => this.#serve(socket));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.socketPath, resolve);
    });
  }

  /** To all that are connected. */
  broadcast(method: string, params: unknown): void {
    for (const socket of this.#sockets) send(socket, { jsonrpc: '2.0', method, params });
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  called(method: string): Record<string, unknown>[] {
    return this.calls.filter((call) => call.method === method).map(({ params }) => params);
  }

  close(): Promise<void> {
    this.cutAll();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined); // the client may leave at any time
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) void this.#answer(socket, JSON.parse(line));
    });
  }

  async #answer(
    socket: Socket,
    { id, method, params = {} }: { id: number; method: string; params: Record<string, unknown> },
  ): Promise<void> {
    this.calls.push({ method, params });
    const notify = (name: string, view: unknown) =>
      send(socket, { jsonrpc: '2.0', method: name, params: view });
    const answer = this.answers[method];
    try {
      if (!answer) throw new TsgunError('TSGUN_E_USAGE', `There is no method "${method}"`);
      const result = await answer({ method, params, notify, cut: () => socket.destroy() });
      send(socket, { jsonrpc: '2.0', id, result });
    } catch (error) {
      send(socket, { jsonrpc: '2.0', id, error: toWire(error) });
    }
  }
}

function toWire(error: unknown): unknown {
  if (!(error instanceof TsgunError)) return { code: -32_603, message: String(error) };
  const { code, rpcCode, message, detail } = error;
  return { code: rpcCode, message, data: { code, ...detail } };
}

export const fail = (code: ErrorCode, message: string, detail: Record<string, unknown> = {}) =>
  new TsgunError(code, message, { detail });

function send(socket: Socket, message: unknown): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
}

const defaultAnswers = (instance: string): Record<string, Answer> => ({
  hello: () => ({
    name: 'tsgun',
    version: '0.1.0',
    protocol: 1,
    instance,
    pid: 4242,
    role: 'admin',
    methods: ['status'],
  }),
  status: () => sampleStatus({ instance }),
  ping: () => ({ pid: 4242, uptimeMs: 192_000 }),
});

/** An instance of this name in a run folder, gone with the test. */
export async function startFake(
  t: TestContext,
  runDir: string,
  name: string,
  answers: Record<string, Answer> = {},
): Promise<FakeInstance> {
  mkdirSync(path.join(runDir, name), { recursive: true });
  const fake = new FakeInstance(path.join(runDir, name, 'control.sock'), answers);
  await fake.listen();
  t.after(() => fake.close());
  return fake;
}

/** A progress notification. */
export const progress = (op: number, method: string, more: Record<string, unknown> = {}) => ({
  op,
  method,
  seq: 1,
  phase: 'started',
  text: 'it begins',
  slot: null,
  done: null,
  total: null,
  ...more,
});
