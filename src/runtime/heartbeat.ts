import type { Beat } from '../protocol/worker.ts';

export type Vitals = Pick<Beat, 'inFlight' | 'requests' | 'connections'>;

export interface HeartbeatOptions {
  intervalMs: number;
  vitals(): Vitals;
  send(beat: Beat): void;
}

/** Proves from the loop that does the work that the loop turns. Returns a beat out of turn. */
export function startHeartbeat({ intervalMs, vitals, send }: HeartbeatOptions): () => void {
  let due = performance.now() + intervalMs;
  let lagMs = 0;
  const beat = () =>
    send({
      type: 'beat',
      ...vitals(),
      rssBytes: process.memoryUsage.rss(),
      lagMs,
      cpuMs: 0,
      latencies: [],
    });
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
