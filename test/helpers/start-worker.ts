import { closeSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { examineNode } from '../../src/arbiter/node-examiner.ts';
import { WorkerHandle } from '../../src/arbiter/worker-handle.ts';
import type { LogRecord } from '../../src/core/logger.ts';
import { type ChildExit, spawnChild } from '../../src/process/spawn.ts';
import {
  type FromWorker,
  parseFromWorker,
  type ToWorker,
  type WorkerStart,
} from '../../src/protocol/worker.ts';
import { parseAddress } from '../../src/sockets/address.ts';
import { bindAddress } from '../../src/sockets/bind.ts';
import { SharedListener } from '../../src/sockets/listener.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';
import { writeFiles } from './write-files.ts';

const workerMain = path.resolve(import.meta.dirname, '../../src/worker/main.ts');

type Type = FromWorker['type'];
type Of<T extends Type> = Extract<FromWorker, { type: T }>;

/** One address that test workers share: `unix:name` in a directory of its own, or any TCP address. */
export class TestListener {
  readonly fd: number;
  readonly address: string;
  #closed = false;

  private constructor(fd: number, address: string) {
    this.fd = fd;
    this.address = address;
  }

  static async bind(t: TestContext, text = '127.0.0.1:0'): Promise<TestListener> {
    const address = parseAddress(text, makeTempDir(t));
    if (address.kind !== 'tcp' && address.kind !== 'unix') throw new Error('nothing to bind');
    const options = { backlog: 128, reusePort: false, socketMode: 0o600, socketOwner: null };
    const fd = await bindAddress(address, options);
    const unix = address.kind === 'unix' ? address.path : null;
    const listener = new TestListener(fd, new SharedListener(fd, unix).address);
    t.after(() => listener.close());
    return listener;
  }

  get target(): { port: number } | { path: string } {
    return this.address.startsWith('unix:')
      ? { path: this.address.slice('unix:'.length) }
      : { port: Number(/:(\d+)$/.exec(this.address)?.[1]) };
  }

  /** As the arbiter does when it stops. */
  close(): void {
    if (!this.#closed) closeSync(this.fd);
    this.#closed = true;
  }
}

export interface WorkerOptions {
  /** Source of the app's module. */
  app: string;
  listener?: TestListener;
  start?: Partial<WorkerStart>;
  nodeArgs?: readonly string[];
  /** What its `ulimit -n` is. */
  descriptorLimit?: number;
  waitUntilReady?: boolean;
}

/** The real worker program with a test in the arbiter's place. */
export class TestWorker {
  readonly listener: TestListener;
  readonly handle: WorkerHandle;
  readonly messages: FromWorker[] = [];
  readonly log: LogRecord[] = [];
  exit: ChildExit | null = null;

  constructor(
    listener: TestListener,
    cwd: string,
    { nodeArgs = [], start, descriptorLimit }: WorkerOptions,
  ) {
    this.listener = listener;
    const { PATH = '' } = process.env;
    const inspector = ['--inspect-port=127.0.0.1:0', '--inspect-publish-uid=stderr'];
    const child = spawnChild({
      ...limit([process.execPath, ...nodeArgs, ...inspector, workerMain], descriptorLimit),
      cwd,
      env: { PATH },
      descriptors: [listener.fd],
      output: 'capture',
      channel: true,
    });
    this.handle = new WorkerHandle({
      child,
      slot: 0,
      log: (record) => this.log.push(record),
      now: () => performance.now(),
      examiner: examineNode({
        kill: (signal) => child.kill(signal),
        shutInspector: () => child.send({ type: 'close-inspector' }),
        captured: true,
        runs: () => this.messages.length > 0 && this.messages.at(-1)?.type !== 'drained',
      }),
      onMessage: (message) => {
        const word = parseFromWorker(message);
        if (word) this.messages.push(word);
      },
      onExit: (exit) => {
        this.exit = exit;
      },
    });
    this.send({ ...workerStart(listener), ...start });
  }

  get pid(): number {
    return this.handle.pid ?? 0;
  }

  get target(): TestListener['target'] {
    return this.listener.target;
  }

  send(message: ToWorker): void {
    this.handle.send(message);
  }

  heard<T extends Type>(type: T): Of<T>[] {
    return this.messages.filter((message): message is Of<T> => message.type === type);
  }

  /** The n-th message (from 1) of a type. */
  async hear<T extends Type>(type: T, count = 1): Promise<Of<T>> {
    return waitFor(`${count} × ${type} of ${JSON.stringify(this.messages)}`, () => {
      const found = this.heard(type)[count - 1];
      if (!found && this.exit) throw new Error(`no ${type}: ${JSON.stringify(this.log)}`);
      return found;
    });
  }

  async exited(): Promise<ChildExit> {
    return waitFor('the worker to leave', () => this.exit);
  }
}

function limit(command: readonly string[], descriptors: number | undefined) {
  const [file = '', ...args] =
    descriptors === undefined
      ? command
      : ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...command];
  return { file, args };
}

const workerStart = ({ address }: TestListener): WorkerStart => ({
  type: 'start',
  slot: 0,
  generation: 1,
  purpose: 'serve',
  app: 'app.mjs',
  procName: 'test',
  listeners: [{ fd: 3, address }],
  backlog: 128,
  identity: null,
  umask: null,
  keepaliveMs: 60_000,
  workerConnections: 1000,
  limits: { requestLine: 4094, requestFields: 100, requestFieldSize: 8190 },
  beatIntervalMs: 100,
  paused: false,
  requestLimit: 0,
  gracefulTimeoutMs: 30_000,
  access: null,
  spew: false,
  hooksFrom: null,
});

/** Starts `src/worker/main.ts`; killed, if it is still there, by the test. */
export async function startWorker(t: TestContext, options: WorkerOptions): Promise<TestWorker> {
  const listener = options.listener ?? (await TestListener.bind(t));
  const cwd = writeFiles(makeTempDir(t), { 'app.mjs': options.app });
  const worker = new TestWorker(listener, cwd, options);
  t.after(async () => {
    worker.handle.kill('SIGKILL');
    await worker.exited();
    if (!t.passed) t.diagnostic(JSON.stringify(worker.log));
  });
  if (options.waitUntilReady !== false) await worker.hear('ready');
  return worker;
}
