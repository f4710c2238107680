import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { childrenOf, isAlive, titleOf } from './processes.ts';
import { pythonFixtures, pythonWith } from './python.ts';
import { main, readyLine } from './start-tsgun.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** One datagram, as systemd gets it. */
export interface Notified {
  /** Monotonic microseconds. */
  at: number;
  pid: number;
  lines: readonly string[];
  /** Device and inode of each descriptor that came along. */
  sockets: readonly (readonly [number, number])[];
  /** It came from the main process: NotifyAccess=main. */
  accepted: boolean;
}

interface Ended {
  code: number | null;
  signal: string | null;
}

export interface ServiceOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Empty for none; the watchdog is for the main process unless `env` names another. */
  watchdogMs?: number;
  storeMax?: number;
  /** Descriptors in the opposite order: systemd promises none. */
  reverse?: boolean;
  /** Without those of socket units. */
  listen?: boolean;
  /** A folder of control groups, for a service that asks which unit it is. */
  cgroup?: string | null;
  /** Command words before ours. */
  through?: readonly string[];
  waitUntilReady?: boolean;
}

/**
 * systemd as a service knows it: see fixtures/python/notify_socket.py. Node can receive neither
 * datagrams nor descriptors.
 */
export class NotifySocket {
  readonly path: string;
  readonly messages: Notified[] = [];
  /** Names in the descriptor store. */
  stored: readonly string[] = [];
  /** Descriptors that it could not keep, because they hung up. */
  readonly dropped: string[] = [];
  /** What was passed to the service that was started last. */
  passed: readonly string[] = [];
  readonly #process: ChildProcess;
  readonly #ends = new Map<number, Ended>();
  readonly #addresses = new Map<string, unknown>();
  readonly #succeeded = new Set<number>();
  #open = false;
  #started: number[] = [];
  #log = '';

  constructor(socket: string) {
    this.path = socket;
    const fixture = path.join(pythonFixtures, 'notify_socket.py');
    this.#process = spawn(pythonWith(), ['-u', fixture, socket], { stdio: 'pipe' });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.#process.stdin?.on('error', () => undefined); // its end is noticed elsewhere
    if (this.#process.stdout)
      createInterface(this.#process.stdout).on('line', (line) => this.#hear(JSON.parse(line)));
  }

  /** The error logs of all that was started. */
  get log(): string {
    return this.#log;
  }

  get texts(): string[] {
    return this.messages.map(({ lines }) => lines.join(' '));
  }

  /** The last STATUS that was accepted. */
  get status(): string {
    const all = this.messages.filter(({ accepted }) => accepted).flatMap(({ lines }) => lines);
    return all.findLast((line) => line.startsWith('STATUS='))?.slice('STATUS='.length) ?? '';
  }

  waitForOpen(): Promise<boolean> {
    return this.waitUntil('the socket for notifications', () => this.#open);
  }

  waitUntil<T>(what: string, check: () => T, timeoutMs = 20_000): Promise<NonNullable<T>> {
    const look = () => {
      if (this.#process.exitCode !== null) throw new Error(`Nobody listens:\n${this.#log}`);
      return check();
    };
    return waitFor(what, look, timeoutMs).catch((error: unknown) => {
      throw new Error(`${error}\nheard: ${JSON.stringify(this.texts, null, 1)}`);
    });
  }

  /** Waits for the n-th message (from 1) that has such a line, and gives it. */
  waitFor(pattern: RegExp, count = 1): Promise<Notified> {
    const isMeant = ({ lines }: Notified) => lines.some((line) => pattern.test(line));
    return this.waitUntil(`${pattern}`, () => this.messages.filter(isMeant)[count - 1]);
  }

  /** What has been heard is forgotten. */
  clear(): void {
    this.messages.length = 0;
  }

  /** A socket unit; gives the address that it listens on. */
  async listen(name: string, to: string | readonly [string, number]): Promise<string> {
    this.#addresses.delete(name);
    this.#tell({ do: 'listen', name, to });
    const address = await this.waitUntil(`the socket ${name}`, () => this.#addresses.get(name));
    return Array.isArray(address) ? address.join(':') : String(address);
  }

  hold(): void {
    this.#tell({ do: 'hold' });
  }

  resume(): void {
    this.#tell({ do: 'resume' });
  }

  forget(): void {
    this.#tell({ do: 'forget' });
  }

  async start(t: TestContext, args: readonly string[], options: ServiceOptions = {}) {
    const { cwd = makeTempDir(t), watchdogMs, storeMax = 64, through = [] } = options;
    const before = this.#started.length;
    const logAt = this.#log.length;
    this.#tell({
      do: 'start',
      argv: [...through, process.execPath, main, ...args],
      cwd,
      env: {
        PATH: process.env['PATH'] ?? '',
        TSGUN_RUN_DIR: path.join(cwd, 'run'),
        NOTIFY_SOCKET: this.path,
        FDSTORE: String(storeMax),
        ...(watchdogMs && { WATCHDOG_USEC: String(watchdogMs * 1000), WATCHDOG_PID: '' }),
        ...options.env,
      },
      listen: options.listen ?? true,
      reverse: options.reverse ?? false,
      cgroup: options.cgroup ?? null,
    });
    await this.waitUntil('the start', () => this.#started.length > before);
    const service = new Service(this, this.#started.at(-1) ?? 0, logAt);
    if (options.waitUntilReady !== false) await service.waitForLog(readyLine);
    return service;
  }

  /** Whether it has made another process the main one. */
  isSucceeded(pid: number): boolean {
    return this.#succeeded.has(pid);
  }

  endOf(pid: number): Ended | undefined {
    return this.#ends.get(pid);
  }

  /** With all that was started. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await exited;
  }

  #notified(message: Notified): void {
    this.messages.push(message);
    const handsOver = message.lines.some((line) => line.startsWith('MAINPID='));
    if (handsOver && message.accepted) this.#succeeded.add(message.pid);
  }

  #tell(command: object): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  #hear(event: Record<string, unknown>): void {
    switch (event['event']) {
      case 'open':
        this.#open = true;
        return;
      case 'notify':
        this.#notified(event as unknown as Notified);
        return;
      case 'store':
        this.stored = event['names'] as string[];
        return;
      case 'dropped':
        this.dropped.push(String(event['name']));
        return;
      case 'listening':
        this.#addresses.set(String(event['name']), event['address']);
        return;
      case 'started':
        this.passed = event['names'] as string[];
        this.#started.push(Number(event['pid']));
        return;
      case 'exited':
        this.#ends.set(Number(event['pid']), event as unknown as Ended);
        return;
      default:
        throw new Error(`What is ${JSON.stringify(event)}?`);
    }
  }
}

/** A tsgun that was started as a service. */
export class Service {
  readonly pid: number;
  readonly #socket: NotifySocket;
  readonly #logAt: number;

  constructor(socket: NotifySocket, pid: number, logAt: number) {
    this.#socket = socket;
    this.pid = pid;
    this.#logAt = logAt;
  }

  /** Of this one, and of all that came after it. */
  get log(): string {
    return this.#socket.log.slice(this.#logAt);
  }

  /** Of the n-th TCP listener (from 0). */
  port(index = 0): number {
    const all = [...this.log.matchAll(/Listening at: http:\/\/[^ ]*:(\d+)/g)];
    return Number(all[index]?.[1]);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  workers(): number[] {
    return childrenOf(this.pid).filter((pid) => isAlive(pid) && /tsgun: worker/.test(titleOf(pid)));
  }

  waitForLog(pattern: RegExp, count = 1): Promise<boolean> {
    const all = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`);
    return this.#socket.waitUntil(`${pattern} in the log`, () => {
      if ((this.log.match(all)?.length ?? 0) >= count) return true;
      const end = this.#socket.endOf(this.pid);
      if (end && !this.#socket.isSucceeded(this.pid))
        throw new Error(`tsgun ended (${end.code}) without ${pattern}:\n${this.log}`);
      return false;
    });
  }

  async exited(): Promise<Ended> {
    const { code, signal } = await this.#socket.waitUntil(`the end of pid ${this.pid}`, () =>
      this.#socket.endOf(this.pid),
    );
    return { code, signal };
  }

  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return (await this.exited()).code;
  }
}

/** Ended by the test, with all that it has started; its logs are dumped when the test fails. */
export async function openNotifySocket(t: TestContext, place?: string): Promise<NotifySocket> {
  const socket = new NotifySocket(place ?? path.join(makeTempDir(t), 'notify'));
  t.after(async () => {
    await socket.end();
    if (!t.passed) t.diagnostic(`heard:\n${socket.texts.join('\n')}\nlog:\n${socket.log}`);
  });
  await socket.waitForOpen();
  return socket;
}

/** Where control groups can be made on this machine; by either version a service knows its unit. */
const trees = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];

/** A control group of its own that is called like a unit, or null where none can be made. */
export function makeUnitGroup(t: TestContext): string | null {
  for (const tree of trees.filter((folder) => existsSync(`${folder}/cgroup.procs`))) {
    try {
      const slice = mkdtempSync(path.join(tree, 'tsgun-test-'));
      const unit = path.join(slice, 'tsgun@app.service');
      mkdirSync(unit);
      t.after(async () => {
        await waitFor('the control group to be empty', () => isRemoved(unit));
        rmdirSync(slice);
      });
      return unit;
    } catch {
      // not mounted, or not ours to change
    }
  }
  return null;
}

function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false; // busy
  }
}
