import type { Order } from './stage.ts';

export function makeRpm(
  order: Order,
  _work: string,
  _options: { out: string; fast: boolean },
): string {
  throw new Error(`no rpm of ${order.version} yet`);
}
