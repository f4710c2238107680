import type { GatewaysView } from '../protocol/control/gateways-view.ts';
import type { RequestReport } from '../protocol/worker.ts';
import { isVacant, listPosts } from './gateways.ts';
import type { Instance } from './instance.ts';
import { accepts } from './leave.ts';
import { type ArbiterState, type Child, isServing, isUp, isWorker, policyOf } from './state.ts';

/** Null where workers accept by themselves. */
export function viewGateways(instance: Instance): GatewaysView | null {
  const { records, state } = instance;
  const { gateways } = policyOf(state);
  if (gateways === 0) return null;
  const serving = [...state.children.values()].filter((one) => !isWorker(one) && isServing(one));
  return {
    wanted: Math.min(state.target, gateways),
    ready: serving.length,
    queueLimit: instance.current().settings.queueLimit,
    ...records.queues.total,
  };
}

/** One that should be there is not, and waits to be tried again. */
export const isGatewayMissing = (state: ArbiterState): boolean =>
  [...state.failures.values()].some(
    ({ role, slot }) =>
      role === 'gateway' &&
      listPosts(state).some((post) => post.slot === slot && isVacant(state, post)),
  );

/** Those who know of requests: whoever has taken them from clients. */
export const listTellers = (state: ArbiterState): Child[] =>
  [...state.children.values()].filter(
    (child) =>
      accepts(state, child) &&
      (isUp(child) || child.worker.phase === 'draining' || child.worker.phase === 'dumping'),
  );

/** Which worker has a request: the one that tells of it, or another one, or none yet. */
export function whoHas(state: ArbiterState, teller: Child, { child }: RequestReport) {
  const worker = isWorker(teller) ? teller : state.children.get(child ?? 0);
  return { slot: worker?.slot ?? null, pid: worker?.pid ?? null };
}
