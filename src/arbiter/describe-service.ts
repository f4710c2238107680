import { countReady } from './slots.ts';
import type { ArbiterState } from './state.ts';

/** One line for `systemctl status`. */
export function describeService(
  state: ArbiterState,
  { requestsPerSecond, trouble }: { requestsPerSecond: number; trouble: string | null },
): string {
  if (state.mode.kind === 'stopping') return describeStop(state, state.mode.reason);
  const { kind } = state.mode;
  const parts = [
    `${kind === 'serving' ? '' : `${kind}: `}${countReady(state)}/${state.target} workers ready`,
    `generation ${state.generation}`,
    `${Math.round(requestsPerSecond)} req/s`,
    ...(state.paused ? ['paused'] : []),
    ...(state.held ? ['held'] : []),
  ];
  return parts.join(', ') + (trouble === null ? '' : `; ${trouble}`);
}

function describeStop({ children }: ArbiterState, reason: string | null): string {
  if (reason !== null) return `failed: ${reason}`;
  let inFlight = 0;
  for (const { vitals } of children.values()) inFlight += vitals.inFlight;
  return `stopping: ${children.size} processes left, ${inFlight} requests in flight`;
}
