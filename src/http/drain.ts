import type { Connection } from './connection.ts';
import type { Traffic } from './traffic.ts';

/** How often a drain looks around. */
const lookMs = 10;

/** A queue that gave nothing for this long is empty; a flood is cut off after the longest. */
const quietMs = 50;
const longestAcceptMs = 500;

export interface Acceptor {
  /** Monotonic milliseconds of the last connection. */
  readonly lastAccept: number;
  close(): void;
}

export interface DrainOptions {
  /** Nobody else will accept what waits in the queue. */
  emptyBacklog: boolean;
  /** How long a connection may be idle before it is closed; can be shortened on the way. */
  lingerMs: number;
  /** When what is left is cut. */
  graceMs: number;
}

/** Accepts nothing new, lets every request finish, and settles when no connection is left. */
export function drain(traffic: Traffic, acceptor: Acceptor, options: DrainOptions): Promise<void> {
  const begun = performance.now();
  let accepting = options.emptyBacklog;
  if (!accepting) acceptor.close();
  traffic.closeAfterAnswers();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      if (accepting && isQuiet(acceptor, begun, now)) {
        accepting = false;
        acceptor.close();
      }
      if (now - begun >= options.graceMs) {
        accepting = false;
        acceptor.close();
        cutAll(traffic);
      }
      closeIdle(traffic, begun, options.lingerMs, now);
      if (accepting || traffic.connections.size > 0) return;
      clearInterval(timer);
      resolve();
    }, lookMs);
  });
}

function isQuiet({ lastAccept }: Acceptor, begun: number, now: number): boolean {
  return now - Math.max(begun, lastAccept) >= quietMs || now - begun >= longestAcceptMs;
}

function closeIdle(traffic: Traffic, begun: number, lingerMs: number, now: number): void {
  for (const connection of traffic.connections.values()) {
    const idleFor = now - Math.max(begun, connection.idleSince);
    if (connection.idle && idleFor >= lingerMs) closeWhenStillIdle(connection);
  }
}

/** A request that has just arrived in the kernel is read in the next poll, before `setImmediate`. */
function closeWhenStillIdle(connection: Connection): void {
  setTimeout(() =>
    setImmediate(() => {
      if (connection.idle) connection.socket.destroySoon();
    }),
  );
}

function cutAll(traffic: Traffic): void {
  for (const { socket } of traffic.connections.values()) socket.destroy();
}
