import type { Duplex, Readable } from 'node:stream';
import { ChildChannel } from './child-channel.ts';
import type { ChildExit, SpawnedChild } from './spawn.ts';
import { waitForExit } from './wait-for-exit.ts';

/** What a forked worker has dialled. */
export interface Dialled {
  /** As the kernel knows it. */
  pid: number;
  channel: Duplex;
  stdout: Readable | null;
  stderr: Readable | null;
  stack: Readable;
}

/** After its death, output that a grandchild keeps open is waited for no longer than this. */
const outputMs = 200;

/** A worker that was forked by a nursery and has become our child: the same as one we have started. */
export function forkedChild(parts: Dialled): SpawnedChild & { stack: Readable } {
  const { pid, stdout, stderr, stack } = parts;
  const listeners: ((message: unknown) => void)[] = [];
  const channel = new ChildChannel(parts.channel, (message) => {
    for (const listener of listeners) listener(message);
  });
  let alive = true;
  let tell: (exit: ChildExit) => void = () => undefined;
  waitForExit(pid, (status) => {
    alive = false;
    void settleOutput([stdout, stderr]).then(() => {
      channel.close();
      stack.destroy();
      tell(status);
    });
  });
  return {
    pid,
    stdout,
    stderr,
    stack,
    send: (message) => channel.send(message),
    // While nobody but us collects it, the number cannot become another's.
    kill: (signal) => alive && process.kill(pid, signal),
    onMessage: (listener) => void listeners.push(listener),
    onExit: (listener) => {
      tell = listener;
    },
  };
}

function settleOutput(streams: readonly (Readable | null)[]): Promise<void> {
  const open = streams.filter((stream) => stream !== null && !stream.closed);
  return new Promise((resolve) => {
    const late = setTimeout(resolve, outputMs);
    const ends = open.map((stream) => new Promise((end) => stream?.once('close', end)));
    void Promise.all(ends).then(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
