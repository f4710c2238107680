import type { RequestReport } from '../protocol/worker.ts';
import type { Caller } from './carrier.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Of all that is under way. */
const mostReported = 1000;

/** What each worker has, and what waits for one; the oldest of each first. */
export function reportRequests(dispatcher: Dispatcher): RequestReport[] {
  const reports: RequestReport[] = [];
  for (const worker of dispatcher.workers) {
    for (const caller of worker.callers())
      reports.push({ ...describe(caller), child: worker.child });
  }
  for (const caller of dispatcher.waiting()) reports.push({ ...describe(caller), child: null });
  return reports.toSorted((a, b) => b.ageMs - a.ageMs).slice(0, mostReported);
}

function describe({ method, path, ageMs, client }: Caller): Omit<RequestReport, 'child'> {
  return { method, path: path.slice(0, 1000), client, ageMs: Math.round(ageMs) };
}
