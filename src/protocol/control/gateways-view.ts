import { integer, nullable, type Of, object } from '../../core/shape.ts';

export const gatewaysView = object({
  wanted: integer(),
  ready: integer(),
  queued: integer('Requests that wait for a worker'),
  queueLimit: integer('Of each gateway'),
  refused: integer('Answered 503 since the instance started'),
  longLived: integer('WebSockets and event streams'),
  leaving: integer('Those of them that are still to be sent away'),
});
export type GatewaysView = Of<typeof gatewaysView>;

/** Null where workers accept by themselves. */
export const gateways = nullable(gatewaysView);
