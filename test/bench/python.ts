import { measureIdleConnections } from './python/idle-connections.ts';
import { measurePreload } from './python/preload.ts';
import { compareSlowClients } from './python/slow-clients.ts';
import {
  compareAsgi,
  compareConnections,
  compareFlask,
  compareHello,
} from './python/throughput.ts';
import { compareTransfer } from './python/transfer.ts';
import type { Row } from './table.ts';

/** Each needs Debian's gunicorn, uwsgi-plugin-python3, uvicorn, python3-flask or nginx as well. */
const scenarios: Record<string, () => Promise<Row[]>> = {
  hello: compareHello,
  flask: compareFlask,
  close: compareConnections,
  asgi: compareAsgi,
  slow: compareSlowClients,
  idle: measureIdleConnections,
  transfer: compareTransfer,
  preload: measurePreload,
};

/** Rows of the scenarios that are named, or of all. */
export async function comparePythonServers(names: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(scenarios)) {
    if (names.length > 0 && !names.includes(name)) continue;
    try {
      rows.push(...(await measure()));
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
  return rows;
}
