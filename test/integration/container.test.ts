import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { items } from '../../packaging/manifest.ts';
import {
  type Container,
  containerfile,
  healthCheck,
  lastOf,
  needsContainer,
  startContainer,
} from '../helpers/container.ts';
import { childrenOf, isAlive, titleOf } from '../helpers/processes.ts';
import { needsPython } from '../helpers/python.ts';
import { root } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp } from '../helpers/write-files.ts';

// There is no image here: what is built is proven by its parts, and how tsgun does as process 1,
// as somebody without any rights in a read-only system, is proven in namespaces.

const inside = { skip: needsContainer };

/** Answers late, and makes orphans: /orphans?100 leaves so many that live for a while. */
const app = `
  import { spawn } from 'node:child_process';
  import { setTimeout as sleep } from 'node:timers/promises';
  const leave = (script) => new Promise((resolve) =>
    spawn('sh', ['-c', script], { stdio: 'ignore' }).once('exit', resolve));
  export default async (req, res) => {
    const [path, count] = req.url.split('?');
    if (path === '/slow') {
      console.log('begun');
      await sleep(700);
    }
    if (path === '/orphans') await leave('for i in $(seq ' + count + '); do sleep 0.3 & done');
    if (path === '/storm') await leave('for i in $(seq ' + count + '); do (true &); done');
    res.end('hello');
  };
`;

const start = (t: Parameters<typeof startContainer>[0], ...args: string[]): Promise<Container> =>
  startContainer(t, { 'app.mjs': app }, [...args, 'app.mjs']);

/** All children of process 1, the dead among them as well, that are no workers. */
const strangersOf = ({ pid }: Container): number[] =>
  childrenOf(pid).filter((child) => !(isAlive(child) && /tsgun: /.test(titleOf(child))));

test('as pid 1 it finishes its requests when it is told to stop', inside, async (t) => {
  const container = await start(t, '-w', '2');
  assert.match(readFileSync(`/proc/${container.pid}/status`, 'utf8'), /^NSpid:.*\t1$/m);
  const slow = fetchOnce({ port: container.port }, '/slow');
  await container.waitForLog(/begun/);
  process.kill(container.pid, 'SIGTERM');
  assert.equal((await slow).body, 'hello');
  assert.equal(await container.exited, 0);
});

test('as pid 1 it stops at once when it is interrupted', inside, async (t) => {
  const container = await start(t);
  process.kill(container.pid, 'SIGINT');
  assert.equal(await container.exited, 0);
});

test('as pid 1 it reloads on HUP', inside, async (t) => {
  const container = await start(t, '-w', '2');
  const before = container.workers();
  process.kill(container.pid, 'SIGHUP');
  await waitFor('other workers', () => {
    const now = container.workers();
    return now.length === 2 && !now.some((pid) => before.includes(pid));
  });
  assert.equal((await fetchOnce({ port: container.port })).body, 'hello');
});

test('as pid 1 it buries the orphans of apps', inside, async (t) => {
  const container = await start(t);
  const asked = fetchOnce({ port: container.port }, '/orphans?60');
  await waitFor('orphans', () => strangersOf(container).length >= 40);
  await asked;
  await waitFor('their funerals', () => strangersOf(container).length === 0);
});

test('as pid 1 a storm of orphans hides no death of a worker', inside, async (t) => {
  const container = await start(t, '-w', '2');
  const clients = hammer(t, {
    target: { port: container.port },
    connections: 2,
    keepAlive: true,
  });
  const storms = [1, 2].map(() => fetchOnce({ port: container.port }, '/storm?400').catch(String));
  const [victim = 0] = container.workers();
  process.kill(victim, 'SIGKILL');
  await waitFor('a new worker', () => {
    const now = container.workers().filter(isAlive);
    return now.length === 2 && !now.includes(victim);
  });
  await Promise.all(storms);
  const { answered, failures } = clients;
  assert.ok(failures.length <= 2, failures.join());
  await waitFor('the load to go on', () => clients.answered > answered + 500);
  await clients.stop();
  await waitFor('no zombies', () => strangersOf(container).length === 0);
  assert.doesNotMatch(container.log, /ECHILD|Unhandled|TypeError/);
});

test('the health check of the image tells a living arbiter from a stuck one', inside, async (t) => {
  const container = await start(t);
  const well = await container.run(healthCheck);
  assert.equal(well.code, 0, well.output);
  process.kill(container.pid, 'SIGSTOP');
  const impatient = healthCheck.replace('4s', '300ms');
  assert.notEqual(impatient, healthCheck);
  assert.equal((await container.run(impatient)).code, 1);
  process.kill(container.pid, 'SIGCONT');
  await waitFor('an answer', async () => (await container.run(healthCheck)).code === 0);
  const gone = await container.run(`TSGUN_RUN_DIR=/nonexistent; ${healthCheck}`);
  assert.equal(gone.code, 1);
});

test('nothing is written but in the two folders, and no rights are needed', inside, async (t) => {
  const container = await start(t);
  const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
  assert.match(status, /^Uid:\s+10001\s+10001/m);
  assert.match(status, /^CapBnd:\s+0+$/m);
  const touched = await container.run('touch app.mjs || touch /usr/x');
  assert.match(touched.output, /Read-only file system/);
  const doctor = await container.run('tsgunctl doctor');
  assert.ok([0, 10].includes(doctor.code ?? -1), doctor.output);
});

const wsgi = `
def application(environ, start_response):
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Length", str(len(str(size))))])
    return [str(size).encode()]
`;

test('a Python app is served in there as well', {
  skip: needsContainer || needsPython(),
}, async (t) => {
  const container = await startContainer(t, { 'wsgi.py': wsgi }, ['-w', '2', 'wsgi']);
  // More than is kept in memory, so that it goes to a file in /tmp.
  const body = Buffer.alloc(3 * 1024 * 1024);
  const answer = await fetch(`http://127.0.0.1:${container.port}/`, { method: 'POST', body });
  assert.equal(await answer.text(), String(body.length));
  process.kill(container.pid, 'SIGTERM');
  assert.equal(await container.exited, 0);
});

test('a container without tsgunctl in it would not be called healthy', inside, async (t) => {
  const container = await startContainer(t, { 'app.js': helloApp() }, ['app.js']);
  assert.equal((await container.run(`PATH=/nonexistent; ${healthCheck}`)).code, 1);
});

const copies = containerfile.filter(({ word }) => word === 'COPY');

test('the Containerfile copies what there is, from where the ignore file lets it', () => {
  const words = copies.map(({ rest }) => rest.split(/\s+/));
  const [fromContext, ...others] = [
    words.filter(([first]) => !first?.startsWith('--from=')),
    words.filter(([first]) => first?.startsWith('--from=')),
  ].flatMap((group, index) => (index === 0 ? group : group.map((all) => all.slice(1))));
  const ignore = readFileSync(
    path.join(root, 'packaging/container/Containerfile.dockerignore'),
    'utf8',
  );
  assert.deepEqual(fromContext, ['dist/packages/tsgun_*.deb', '/packages/']);
  assert.match(ignore, /^\*\n!dist\/packages\/tsgun_\*\.deb$/m);
  const sources = others.flatMap((all) => all.slice(0, -1));
  assert.deepEqual(sources, [
    '/tree/usr/bin/tsgun',
    '/tree/usr/bin/tsgunctl',
    '/tree/usr/lib/tsgun/',
    '/tree/usr/share/doc/tsgun/copyright',
  ]);
});

test('the package has what the Containerfile takes out of it', () => {
  const targets = items.filter(({ format }) => format !== 'rpm').map(({ to }) => to);
  for (const { rest } of copies.filter(({ rest }) => rest.startsWith('--from='))) {
    for (const source of rest.split(/\s+/).slice(1, -1)) {
      const place = source.replace(/^\/tree/, '');
      assert.ok(
        targets.some((to) => to === place || (place.endsWith('/') && to.startsWith(place))),
        place,
      );
    }
  }
});

test('the Containerfile ends as nobody with rights, with tsgun as pid 1', () => {
  assert.match(lastOf('USER'), /^[1-9]\d{4}:[1-9]\d{4}$/);
  assert.deepEqual(JSON.parse(lastOf('ENTRYPOINT')), ['tsgun']);
  assert.ok(Array.isArray(JSON.parse(lastOf('CMD'))));
  assert.equal(lastOf('STOPSIGNAL'), 'SIGTERM');
  const run = containerfile.filter(({ word }) => word === 'RUN').at(-1)?.rest ?? '';
  const [uid, gid] = lastOf('USER').split(':');
  assert.match(run, new RegExp(`groupadd --gid ${gid} .*useradd --uid ${uid} --gid ${gid} `));
  assert.match(run, /libatomic1/);
  const known =
    /^(?:ARG|FROM|COPY|RUN|WORKDIR|USER|ENV|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD)$/;
  for (const { word, rest } of containerfile) assert.match(word, known, rest);
});
