import { frameFlags } from '../protocol/link.ts';
import type { Carrier } from './carrier.ts';
import { encodeEnviron, encodeScope, type Head } from './request-head.ts';
import type { RequestBody } from './stored-body.ts';

/** Gives a request to its worker, with as much of its body as there is and can be sent. */
export function sendRequest(carrier: Carrier, head: Head, body: RequestBody | null): void {
  // A body that streams finds a WSGI app only when a reload has changed what kind of app it is.
  const bodyBytes = body ? (body.size ?? head.bodyBytes) : null;
  const text = carrier.interface === 'wsgi' ? encodeEnviron(head, bodyBytes) : encodeScope(head);
  const whole = body?.whole ?? null;
  const flags = body && !whole ? 0 : frameFlags.end;
  carrier.sendRequest({ flags, head: text, body: whole });
  if (body && !whole) body.sendTo(carrier);
}
