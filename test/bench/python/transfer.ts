import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { pythonWith } from '../../helpers/python.ts';
import { apps } from '../servers.ts';
import { median, type Row } from '../table.ts';
import { gatewayOf } from './gateway-of.ts';
import { peakKib } from './process-tree.ts';
import { nginxGunicorn, type PythonServer, tsgunPython } from './servers.ts';

const mebibytes = 1024;
const rounds = 3;
const app = 'python_apps:transfer';

type Transfer = (port: number) => Promise<unknown>;

const client =
  (way: 'up' | 'down'): Transfer =>
  (port) =>
    promisify(execFile)(pythonWith(), [
      path.join(apps, 'transfer_client.py'),
      way,
      String(port),
      String(mebibytes),
    ]);

/** 1 GiB up and down, beside nginx's proxy; and what the gateway needs for it. */
export async function compareTransfer(): Promise<Row[]> {
  const rows: Row[] = [];
  const tsgun = tsgunPython(app, '-w', '2', '-k', 'sync', '--timeout', '120');
  for (const [what, transfer] of [
    ['upload', client('up')],
    ['download', client('down')],
  ] as const) {
    const times = { tsgun: [] as number[], nginx: [] as number[] };
    const peaks: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const ours = await tsgun();
      times.tsgun.push(
        await timed(ours, transfer, () => {
          peaks.push(peakKib(gatewayOf(ours.pids[0] ?? 0)) / 1024);
        }),
      );
      times.nginx.push(await timed(await nginxGunicorn(app)(), transfer));
    }
    const [mine, theirs] = [median(times.tsgun), median(times.nginx)];
    const speed = (ms: number) => `${Math.round((mebibytes / ms) * 1000)} MiB/s`;
    rows.push(
      {
        what: `${what} of 1 GiB, against nginx's proxy`,
        measured: `tsgun ${speed(mine)}, nginx ${speed(theirs)}`,
        ratio: theirs / mine,
        target: 0.5,
        better: 'more',
      },
      {
        what: `${what} of 1 GiB, most memory of the gateway, MiB`,
        measured: `${Math.round(Math.max(...peaks))} MiB`,
        ratio: Math.max(...peaks),
        target: 200,
        better: 'less',
      },
    );
  }
  return rows;
}

async function timed(
  server: PythonServer,
  transfer: Transfer,
  look: () => void = () => undefined,
): Promise<number> {
  try {
    const begun = performance.now();
    await transfer(server.port);
    const took = performance.now() - begun;
    look();
    return took;
  } finally {
    await server.stop();
  }
}
