import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type ChildExit, type SpawnedChild, spawnChild } from '../../src/process/spawn.ts';
import { encodeFrame, type FrameHeader, FrameReader } from '../../src/protocol/frames.ts';
import type { FromGateway, GatewayStart } from '../../src/protocol/gateway.ts';
import { frameFlags, frameTypes, type Hello, linkVersion } from '../../src/protocol/link.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/worker.ts';
import { TestListener } from './start-worker.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const gatewayMain = path.resolve(import.meta.dirname, '../../src/gateway/main.ts');

export const token = 'a token that only we know';

type Message = FromWorker | FromGateway;
type Of<T extends Message['type']> = Extract<Message, { type: T }>;

/** The real gateway program, with a test in the places of arbiter and workers. */
export class TestGateway {
  readonly listener: TestListener;
  readonly link: TestListener;
  readonly messages: Message[] = [];
  readonly child: SpawnedChild;
  stderr = '';
  exit: ChildExit | null = null;

  constructor(listener: TestListener, link: TestListener, start: Partial<GatewayStart>) {
    this.listener = listener;
    this.link = link;
    const { PATH = '' } = process.env;
    this.child = spawnChild({
      file: process.execPath,
      args: [gatewayMain],
      cwd: process.cwd(),
      env: { PATH },
      descriptors: [listener.fd, link.fd],
      output: 'capture',
      channel: true,
    });
    this.child.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.child.onMessage((message) => this.messages.push(message as Message));
    this.child.onExit((exit) => (this.exit = exit));
    this.child.send({ ...gatewayStart(listener), ...start });
  }

  get target() {
    return this.listener.target;
  }

  send(message: ToWorker): void {
    this.child.send(message);
  }

  heard<T extends Message['type']>(type: T): Of<T>[] {
    return this.messages.filter((message): message is Of<T> => message.type === type);
  }

  /** The n-th message (from 1) of a type. */
  hear<T extends Message['type']>(type: T, count = 1): Promise<Of<T>> {
    return waitFor(`${count} × ${type} of ${JSON.stringify(this.messages)} ${this.stderr}`, () => {
      const found = this.heard(type)[count - 1];
      if (!found && this.exit) throw new Error(`no ${type}: ${this.stderr}`);
      return found;
    });
  }

  log(): string {
    return this.heard('log')
      .map(({ level, message }) => `${level}: ${message}`)
      .join('\n');
  }

  /** A worker that dials in; `child` tells it from others. */
  async dial(hello: Partial<Hello> = {}): Promise<FakeWorker> {
    const worker = new FakeWorker(this.link.target, { ...usualHello, ...hello });
    await worker.connect();
    return worker;
  }
}

const usualHello: Hello = {
  version: linkVersion,
  token,
  child: 1,
  slot: 0,
  pid: process.pid,
  generation: 1,
  connection: 'main',
  interface: 'wsgi',
  capacity: 0,
};

export interface Heard extends FrameHeader {
  payload: Buffer;
}

/** One connection of a worker, in the hands of a test. */
export class FakeConnection {
  readonly frames: Heard[] = [];
  closed = false;
  readonly #socket: net.Socket;

  constructor(target: TestListener['target']) {
    this.#socket = net.connect('path' in target ? target : { host: '127.0.0.1', ...target });
    const reader = new FrameReader((header, payload) =>
      this.frames.push({ ...header, payload: Buffer.from(payload) }),
    );
    this.#socket.on('data', (chunk) => reader.push(chunk as Buffer));
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', () => (this.closed = true));
  }

  async connect(hello: Hello): Promise<void> {
    await once(this.#socket, 'connect');
    const header = { type: frameTypes.hello, flags: 0, stream: 0, code: 0 };
    this.write(encodeFrame(header, Buffer.from(JSON.stringify(hello))));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  send(header: Partial<FrameHeader> & { type: number }, payload: string | Buffer = ''): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
    this.write(encodeFrame({ flags: 0, stream: 0, code: 0, ...header }, bytes));
  }

  /** The n-th frame (from 1) of a type. */
  hear(type: number, count = 1): Promise<Heard> {
    return waitFor(`${count} frames of type ${type}`, () => {
      const found = this.frames.filter((frame) => frame.type === type)[count - 1];
      if (!found && this.closed) throw new Error('the connection was closed');
      return found;
    });
  }

  /** A whole answer. */
  answer({ stream }: Heard, body: string, head = '200 OK\nContent-Type\ntext/plain'): void {
    const code = head.length;
    this.send({ type: frameTypes.response, flags: frameFlags.end, stream, code }, head + body);
  }

  end(): void {
    this.#socket.destroySoon(); // what was written gets there
  }
}

export class FakeWorker {
  readonly main: FakeConnection;
  readonly lanes: FakeConnection[] = [];
  readonly hello: Hello;
  readonly #target: TestListener['target'];

  constructor(target: TestListener['target'], hello: Hello) {
    this.#target = target;
    this.hello = hello;
    this.main = new FakeConnection(target);
  }

  async connect(): Promise<void> {
    await this.main.connect(this.hello);
    await this.main.hear(frameTypes.welcome);
  }

  async addLane(): Promise<FakeConnection> {
    const lane = new FakeConnection(this.#target);
    await lane.connect({ ...this.hello, connection: 'lane' });
    await lane.hear(frameTypes.welcome);
    this.lanes.push(lane);
    return lane;
  }

  end(): void {
    for (const connection of [this.main, ...this.lanes]) connection.end();
  }
}

const gatewayStart = ({ address }: TestListener): GatewayStart => ({
  type: 'start',
  role: 'gateway',
  slot: 0,
  generation: 1,
  procName: 'test',
  listeners: [{ fd: 3, address }],
  backlog: 128,
  link: { fd: 4, token },
  identity: null,
  umask: null,
  keepaliveMs: 60_000,
  limits: { requestLine: 4094, requestFields: 100, requestFieldSize: 8190 },
  beatIntervalMs: 100,
  paused: false,
  mostConnections: 1000,
  access: null,
  queue: { limit: 100, timeoutMs: 30_000 },
  requestTimeoutMs: 0,
  buffers: {
    bodyMemory: 64 * 1024,
    mostBody: 0,
    responseMemory: 64 * 1024,
    mostResponse: 2 ** 30,
    folder: '/tmp',
  },
  drainLongMs: 200,
  statics: [],
  forwarded: {
    allowIps: ['127.0.0.1', '::1'],
    secureSchemeHeaders: { 'X-FORWARDED-PROTO': 'https' },
    forwarderHeaders: ['SCRIPT_NAME', 'PATH_INFO'],
    headerMap: 'drop',
  },
  mostMessageBytes: 16 * 2 ** 20,
});

/** Starts `src/gateway/main.ts`; killed, if it is still there, by the test. */
export async function startGateway(
  t: TestContext,
  start: Partial<GatewayStart> = {},
): Promise<TestGateway> {
  const listener = await TestListener.bind(t);
  const link = await TestListener.bind(t, 'unix:link.sock');
  const buffers = { folder: makeTempDir(t) };
  const usual = gatewayStart(listener);
  const gateway = new TestGateway(listener, link, {
    ...start,
    buffers: { ...usual.buffers, ...buffers, ...start.buffers },
  });
  t.after(async () => {
    gateway.child.kill('SIGKILL');
    await waitFor('the gateway to leave', () => gateway.exit);
    if (!t.passed) t.diagnostic(`${gateway.log()}\n${gateway.stderr}`);
  });
  await gateway.hear('ready');
  return gateway;
}
