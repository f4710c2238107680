import { type Draft, log } from './draft.ts';
import { dump, terminate } from './leave.ts';
import { type Child, isUp, isWorker } from './state.ts';
import { recycle } from './worker-events.ts';

// What gateways say of workers.

/**
 * A thread cannot be ended by itself. Where more is under way, that may still come to an end. A worker
 * with a loop was told by its gateway, and has cancelled just that request.
 */
export function onOverdue(draft: Draft, child: Child, request: string, now: number): void {
  if (!isUp(child) || !isWorker(child) || child.recycle === 'overdue') return;
  const text = `WORKER TIMEOUT (pid:${child.pid}): ${request}, longer than request_timeout`;
  log(draft, 'critical', text, child);
  if (child.kind === 'sync') dump(draft, child, 'overdue', now);
  else if (child.kind === 'gthread')
    recycle(draft, child, 'overdue', 'a request that does not end');
}

/** The gateway has taken its requests from it already. */
export function onBroken(draft: Draft, child: Child, why: string, now: number): void {
  if (!isUp(child) || !isWorker(child)) return;
  log(draft, 'error', `Worker (pid:${child.pid}) is replaced: ${why}`, child);
  terminate(draft, child, 'crashed', now);
}
