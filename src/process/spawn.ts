import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex, type Readable } from 'node:stream';
import { ChildChannel } from './child-channel.ts';
import { yieldOrphans } from './subreaper.ts';

/** What to start. Never goes through a shell. */
export interface SpawnRequest {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Descriptors the child gets as 3, 4, 5 ...; the channel comes after them. */
  descriptors: readonly number[];
  /** `capture` pipes stdout and stderr to the caller, `inherit` shares ours. */
  output: 'capture' | 'inherit' | 'ignore';
  /** With a channel, messages travel as lines of JSON (`NODE_CHANNEL_FD`). */
  channel: boolean;
  /** A pipe that it may write to out of a signal handler (`TSGUN_STACK_FD`). */
  stack?: boolean;
  /** In a session of its own, and not waited for by our event loop. */
  detached?: boolean;
  identity?: { uid: number; gid: number };
  /** It forks and leaves; its child, which is nobody's, is whoever holds the channel. */
  forks?: boolean;
}

export interface SpawnedChild {
  /** Undefined when the program could not be started; `onExit` tells why. */
  readonly pid: number | undefined;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  readonly stack: Readable | null;
  send(message: object): void;
  /** False when the process has gone already. */
  kill(signal: NodeJS.Signals): boolean;
  onMessage(listener: (message: unknown) => void): void;
  /** Once, after the last captured output was read. */
  onExit(listener: (exit: ChildExit) => void): void;
}

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  error?: Error;
}

/** The port through which every process is started; tests put a fake here. */
export type Spawn = (request: SpawnRequest) => SpawnedChild;

export const spawnChild: Spawn = (request) => {
  // It may have left before we hear that it was started.
  const reclaimOrphans = request.forks ? yieldOrphans() : () => undefined;
  try {
    const child = start(request);
    child.once(child.pid === undefined ? 'error' : 'exit', reclaimOrphans);
    return watch(child, request);
  } catch (error) {
    reclaimOrphans();
    // Node reports most failures later, by an event, but some (a list of arguments too long) now.
    return stillborn(error instanceof Error ? error : new Error(String(error)));
  }
};

/** After stdin, stdout and stderr. */
const firstDescriptor = 3;

const stdio = { capture: 'pipe', inherit: 'inherit', ignore: 'ignore' } as const;

/** After the descriptors that it inherits, the stack and then the channel. */
const start = (request: SpawnRequest): ChildProcess => {
  const { channel, descriptors, stack = false } = request;
  const next = firstDescriptor + descriptors.length;
  return spawn(request.file, request.args, {
    cwd: request.cwd,
    env: {
      ...request.env,
      ...(stack && { TSGUN_STACK_FD: String(next) }),
      ...(channel && { NODE_CHANNEL_FD: String(next + Number(stack)) }),
    },
    stdio: [
      'ignore',
      stdio[request.output],
      stdio[request.output],
      ...descriptors,
      ...Array.from({ length: Number(stack) + Number(channel) }, () => 'pipe' as const),
    ],
    detached: request.detached ?? false,
    ...request.identity,
  });
};

const stillborn = (error: Error): SpawnedChild => ({
  pid: undefined,
  stdout: null,
  stderr: null,
  stack: null,
  send: () => undefined,
  kill: () => false,
  onMessage: () => undefined,
  onExit: (listener) => process.nextTick(listener, { code: null, signal: null, error }),
});

const living = new Set<number>();

/** Whom Node waits for. */
export const spawnedPids = (): number[] => [...living];

function keepTrack(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  living.add(pid);
  child.once('exit', () => living.delete(pid));
}

function watch(child: ChildProcess, request: SpawnRequest): SpawnedChild {
  const { channel: hasChannel, forks, stack } = request;
  let failure: Error | undefined;
  const listeners: ((message: unknown) => void)[] = [];
  const channel = hasChannel ? openChannel(child, listeners) : null;
  keepTrack(child);
  child.on('error', (error) => {
    failure = error;
    // What was never started does not close its end of the channel.
    if (child.pid === undefined) channel?.close();
  });
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    stack: stack ? streamFromEnd(child, hasChannel ? 2 : 1) : null,
    send: (message) => channel?.send(message),
    kill: (signal) => child.kill(signal),
    onMessage: (listener) => void listeners.push(listener),
    onExit(listener) {
      if (child.pid === undefined) {
        child.once('error', (error) => listener({ code: null, signal: null, error }));
        return;
      }
      child.once('exit', (code, signal) => {
        if (forks && code === 0) {
          channel?.onEnd(() => listener({ code: null, signal: null }));
          return;
        }
        // A grandchild can hold the pipes open for ever, so do not wait for `close` alone.
        const tell = () => listener({ code, signal, ...(failure && { error: failure }) });
        const grace = setTimeout(finish, 200);
        function finish() {
          clearTimeout(grace);
          child.removeListener('close', finish);
          channel?.close();
          tell();
        }
        child.once('close', finish);
      });
    },
  };
}

/** Not Node's own, which an app can make throw here, fill without end, and send descriptors over. */
function openChannel(
  child: ChildProcess,
  listeners: readonly ((message: unknown) => void)[],
): ChildChannel | null {
  const stream = streamFromEnd(child, 1);
  if (!stream) return null;
  return new ChildChannel(stream, (message) => {
    for (const listener of listeners) listener(message);
  });
}

function streamFromEnd({ stdio: streams }: ChildProcess, place: number): Duplex | null {
  const stream: unknown = [...(streams ?? [])].at(-place);
  return stream instanceof Duplex ? stream : null;
}
