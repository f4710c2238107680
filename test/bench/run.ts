import {
  compareStatus,
  measurePing,
  measureStatusBesideSubscribers,
  measureStatusInReload,
} from './control.ts';
import { compareLoad } from './load.ts';
import { compareMemory, measureIdleArbiter } from './memory.ts';
import { comparePythonServers } from './python.ts';
import { cluster, pm2, tsgun, tsgunWithAccessLog } from './servers.ts';
import { compareStart } from './start-time.ts';
import { printTable, type Row } from './table.ts';

// Ratios against the peers, all measured in one run on one machine. Needs `wrk` (apt-get install
// wrk). Arguments choose among: load connections start memory idle control. `python` alone, or with
// some of: hello flask close asgi slow idle transfer preload, compares with servers for Python.

const chosen = process.argv.slice(2);
const python = chosen[0] === 'python';
const wants = (part: string) => chosen.length === 0 || (!python && chosen.includes(part));
const rows: Row[] = [];
const rate = (value: number) => `${Math.round(value)}/s`;

if (python) rows.push(...(await comparePythonServers(chosen.slice(1))));

if (wants('load')) {
  const options = { keepAlive: true, rounds: 5, seconds: 4, connections: 64 };
  const servers = { cluster, tsgun: tsgun('-w', '2'), logged: tsgunWithAccessLog };
  const rates = await compareLoad(servers, options);
  const peer = `cluster ${rate(rates.cluster)}`;
  rows.push(
    {
      what: 'keep-alive, no access log',
      measured: `tsgun ${rate(rates.tsgun)}, ${peer}`,
      ratio: rates.tsgun / rates.cluster,
      target: 0.97,
      better: 'more',
    },
    {
      what: 'keep-alive, access log to a file',
      measured: `tsgun ${rate(rates.logged)}, ${peer}`,
      ratio: rates.logged / rates.cluster,
      target: 0.9,
      better: 'more',
    },
  );
}

if (wants('connections')) {
  const options = { keepAlive: false, rounds: 5, seconds: 4, connections: 64 };
  const rates = await compareLoad({ cluster, tsgun: tsgun('-w', '2'), pm2 }, options);
  for (const peer of ['cluster', 'pm2'] as const) {
    rows.push({
      what: `connection per request, against ${peer}`,
      measured: `tsgun ${rate(rates.tsgun)}, ${peer} ${rate(rates[peer])}`,
      ratio: rates.tsgun / rates[peer],
      target: 1.3,
      better: 'more',
    });
  }
}

if (wants('start')) {
  const { node, tsgun: first } = await compareStart(21);
  rows.push({
    what: 'start to first answer, against node -e 0',
    measured: `tsgun ${first.toFixed(1)} ms, node ${node.toFixed(1)} ms`,
    ratio: first / node,
    target: 3.5,
    better: 'less',
  });
}

if (wants('memory')) {
  const { node, arbiter, http, worker } = await compareMemory(5);
  rows.push(
    {
      what: 'PSS of the arbiter, against bare node',
      measured: `arbiter ${arbiter.toFixed(1)} MiB, node ${node.toFixed(1)} MiB`,
      ratio: arbiter / node,
      target: 1.5,
      better: 'less',
    },
    {
      what: 'PSS of a worker beyond bare node:http, MB',
      measured: `worker ${worker.toFixed(1)} MiB, node:http ${http.toFixed(1)} MiB`,
      ratio: ((worker - http) * 2 ** 20) / 1e6,
      target: 8,
      better: 'less',
    },
  );
}

if (wants('idle')) {
  const percent = await measureIdleArbiter(50, 30);
  rows.push({
    what: 'arbiter with 50 idle workers, % of a core',
    measured: `${percent.toFixed(2)} %`,
    ratio: percent,
    target: 1,
    better: 'less',
  });
}

if (wants('control')) {
  const { node = Number.NaN, tsgunctl = Number.NaN, ...peers } = await compareStatus(21);
  const times = Object.entries(peers).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`);
  rows.push({
    what: 'tsgunctl status, against node -e 0',
    measured: [`tsgunctl ${tsgunctl.toFixed(1)} ms`, `node ${node.toFixed(1)} ms`, ...times].join(
      ', ',
    ),
    ratio: tsgunctl / node,
    target: 2,
    better: 'less',
  });
  const limits = [
    { what: 'ping in one connection, ms', value: await measurePing(5000), target: 0.5 },
    {
      what: 'status while 50 workers reload, longest, ms',
      value: await measureStatusInReload(),
      target: 50,
    },
    {
      what: 'status beside 100 subscribers, longest, ms',
      value: await measureStatusBesideSubscribers(),
      target: 50,
    },
  ];
  for (const { what, value, target } of limits) {
    rows.push({ what, measured: `${value.toFixed(3)} ms`, ratio: value, target, better: 'less' });
  }
}

printTable(rows);
