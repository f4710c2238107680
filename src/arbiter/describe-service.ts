import { countReady } from './slots.ts';
import { type ArbiterState, isServing, isWorker } from './state.ts';

/** One line for `systemctl status`. */
export function describeService(
  state: ArbiterState,
  { requestsPerSecond, trouble }: { requestsPerSecond: number; trouble: string | null },
): string {
  if (state.mode.kind === 'stopping') return describeStop(state, state.mode.reason);
  const { kind } = state.mode;
  const old = kind === 'reloading' ? countOld(state) : 0;
  const parts = [
    `${kind === 'serving' ? '' : `${kind}: `}${countReady(state)}/${state.target} workers ready`,
    ...(old === 0 ? [] : [`${old} old ones serve`]),
    `generation ${state.generation}`,
    `${Math.round(requestsPerSecond)} req/s`,
    ...(state.paused ? ['paused'] : []),
    ...(state.held ? ['held'] : []),
  ];
  return parts.join(', ') + (trouble === null ? '' : `; ${trouble}`);
}

/** Who serves while the new workers of a reload boot, so that nobody is alarmed. */
const countOld = ({ children, generation }: ArbiterState): number =>
  [...children.values()].filter(
    (child) => isWorker(child) && isServing(child) && child.generation !== generation,
  ).length;

function describeStop({ children }: ArbiterState, reason: string | null): string {
  if (reason !== null) return `failed: ${reason}`;
  let inFlight = 0;
  for (const { vitals } of children.values()) inFlight += vitals.inFlight;
  return `stopping: ${children.size} processes left, ${inFlight} requests in flight`;
}
