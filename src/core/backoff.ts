export interface Backoff {
  initialMs: number;
  maxMs: number;
}

/** Delay before try number `failures + 1`: doubles from `initialMs` and stays at `maxMs`. */
export function backoffDelay(failures: number, { initialMs, maxMs }: Backoff): number {
  if (failures <= 0) return 0;
  return Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30));
}
