import type { Row } from '../table.ts';
import { comparePython, type Load, type Measured } from './compare.ts';
import { gunicorn, nginxGunicorn, tsgunPython, uvicorn, uwsgi } from './servers.ts';

const usual: Load = { keepAlive: true, rounds: 3, seconds: 4, connections: 64 };
const hello = 'python_apps:hello';
const flask = 'flask_hello:app';
const pool = ['-k', 'gthread', '--threads', '4'];

const show = (name: string, { cpuUs, rate }: Measured): string =>
  `${name} ${cpuUs.toFixed(1)} us ${Math.round(rate)}/s`;

/** Requests for each CPU-second, against a peer. */
const against = (
  what: string,
  [ours, peer, name]: [Measured, Measured, string],
  target: number,
): Row => ({
  what: `${what}, against ${name}`,
  measured: `${show('tsgun', ours)}, ${show(name, peer)}`,
  ratio: peer.cpuUs / ours.cpuUs,
  target,
  better: 'more',
});

export async function compareHello(): Promise<Row[]> {
  const of = await comparePython(
    {
      tsgun: tsgunPython(hello, '-w', '2', '-k', 'sync'),
      sync: gunicorn(hello, '-w', '2'),
      gthread: gunicorn(hello, '-w', '2', ...pool),
      nginx: nginxGunicorn(hello),
      uwsgi: uwsgi(hello),
    },
    usual,
  );
  const what = 'hello WSGI sync, keep-alive';
  return [
    against(what, [of.tsgun, of.sync, 'gunicorn sync'], 2.5),
    against(what, [of.tsgun, of.gthread, 'gunicorn gthread'], 2.2),
    against(what, [of.tsgun, of.nginx, 'nginx + gunicorn'], 2.5),
    against(`${what} (no target)`, [of.tsgun, of.uwsgi, 'uwsgi'], 0),
    {
      what: `${what}, CPU us`,
      measured: show('tsgun', of.tsgun),
      ratio: of.tsgun.cpuUs,
      target: 56,
      better: 'less',
    },
  ];
}

export async function compareFlask(): Promise<Row[]> {
  const of = await comparePython(
    {
      tsgun: tsgunPython(flask, '-w', '2', '-k', 'sync'),
      sync: gunicorn(flask, '-w', '2'),
      gthread: gunicorn(flask, '-w', '2', ...pool),
      uwsgi: uwsgi(flask),
    },
    usual,
  );
  return [
    against('Flask sync', [of.tsgun, of.sync, 'gunicorn sync'], 1.7),
    against('Flask sync', [of.tsgun, of.gthread, 'gunicorn gthread'], 1.7),
    against('Flask sync', [of.tsgun, of.uwsgi, 'uwsgi'], 0.75),
  ];
}

export async function compareConnections(): Promise<Row[]> {
  const of = await comparePython(
    {
      tsgun: tsgunPython(hello, '-w', '2', '-k', 'sync'),
      sync: gunicorn(hello, '-w', '2'),
    },
    { ...usual, keepAlive: false },
  );
  return [against('Connection: close', [of.tsgun, of.sync, 'gunicorn sync'], 1.5)];
}

/** What Gunicorn 26.1's asgi worker needs for a request; Debian's Gunicorn has none to compare with. */
const gunicornAsgi: Measured = { cpuUs: 32, rate: Number.NaN };

export async function compareAsgi(): Promise<Row[]> {
  const app = 'python_apps:hello_asgi';
  const of = await comparePython(
    { tsgun: tsgunPython(app, '-w', '2', '-k', 'asgi'), uvicorn: uvicorn(app) },
    usual,
  );
  console.warn('Debian has no Gunicorn with an asgi worker: 32 us of CPU stand in for it.');
  return [
    against('hello ASGI', [of.tsgun, of.uvicorn, 'uvicorn'], 0.7),
    against('hello ASGI', [of.tsgun, gunicornAsgi, 'gunicorn asgi (recorded)'], 1),
  ];
}
