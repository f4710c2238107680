import { childrenOf, titleOf } from '../../helpers/processes.ts';

/** The pid of an arbiter's first gateway. */
export function gatewayOf(arbiter: number): number {
  const gateway = childrenOf(arbiter).find((pid) => /gateway/.test(titleOf(pid)));
  if (gateway === undefined) throw new Error(`no gateway below ${arbiter}`);
  return gateway;
}
