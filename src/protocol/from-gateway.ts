import type { FromGateway } from './gateway.ts';

/** What only gateways say; undefined for everything else. */
export function parseFromGateway(message: unknown): FromGateway | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, child, method, path, ageMs, why, requests } = message as Record<string, unknown>;
  if (typeof child !== 'number') return undefined;
  if (type === 'overdue') {
    return { type, child, method: String(method), path: String(path), ageMs: Number(ageMs) };
  }
  if (type === 'broken') return { type, child, why: String(why) };
  if (type === 'lost' && Array.isArray(requests)) {
    return { type, child, requests: requests.map(String) };
  }
  return undefined;
}
