import type { Beat } from '../protocol/worker.ts';

export type Vitals = Omit<Beat, 'type' | 'rssBytes' | 'lagMs' | 'cpuMs'>;

export interface HeartbeatOptions {
  intervalMs: number;
  vitals(): Vitals;
  send(beat: Beat): void;
}

/** Proves from the loop that does the work that the loop turns. Returns a beat out of turn. */
export function startHeartbeat({ intervalMs, vitals, send }: HeartbeatOptions): () => void {
  let due = performance.now() + intervalMs;
  let lagMs = 0;
  let rssBytes = 0;
  const beat = () => {
    rssBytes = residentBytes() ?? rssBytes;
    send({ type: 'beat', ...vitals(), rssBytes, lagMs, cpuMs: cpuMs() });
  };
  const timer = setInterval(() => {
    const now = performance.now();
    lagMs = Math.max(0, Math.round(now - due));
    due = now + intervalMs;
    beat();
  }, intervalMs);
  // An app that has nothing to do while it loads is to be seen, not kept alive by us.
  timer.unref();
  beat();
  return beat;
}

/** Null when the app has left no descriptor to read it through. */
function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

/** Of all threads, whole. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}
