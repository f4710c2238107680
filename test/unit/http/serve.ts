import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Traffic, type TrafficOptions } from '../../../src/http/traffic.ts';
import type { AccessRecord } from '../../../src/log/access-record.ts';

export interface Served {
  server: Server;
  traffic: Traffic;
  port: number;
  records: AccessRecord[];
}

/** A real server on a free port whose traffic is watched. */
export async function serve(
  t: TestContext,
  app: RequestListener | Server,
  options: Partial<TrafficOptions> = {},
): Promise<Served> {
  const records: AccessRecord[] = [];
  const traffic = new Traffic({
    slot: 3,
    keepaliveMs: 60_000,
    limits: { requestLine: 4094, requestFields: 100, requestFieldSize: 8190 },
    record: (record) => records.push(record),
    preRequest: null,
    postRequest: null,
    onRequest: () => undefined,
    onConnections: () => undefined,
    ...options,
  });
  const server = typeof app === 'function' ? createServer(app) : app;
  traffic.instrument(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, traffic, records, port: (server.address() as AddressInfo).port };
}
