import { type Hello, linkVersion } from '../protocol/link.ts';

/** Null for anything that no worker of this version says. */
export function parseHello(payload: Buffer): Hello | null {
  const said = parse(payload.toString('utf8'));
  if (!said) return null;
  const { version, token, connection, interface: kind } = said;
  if (version !== linkVersion || typeof token !== 'string') return null;
  if (connection !== 'main' && connection !== 'lane') return null;
  if (kind !== 'wsgi' && kind !== 'asgi') return null;
  const { child, slot, pid, generation, capacity } = said;
  const numbers = [child, slot, pid, generation, capacity];
  if (!numbers.every(isCount)) return null;
  return said as unknown as Hello;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // a stranger's words
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
