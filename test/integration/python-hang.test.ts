import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsPython } from '../helpers/python.ts';
import { modulesOf, startTsgunPython, wsgiClasses } from '../helpers/python-server.ts';
import { get } from '../helpers/raw-request.ts';
import { waitFor } from '../helpers/wait-for.ts';

for (const kind of wsgiClasses) {
  const options = { skip: needsPython(...modulesOf(kind)) };
  test(`a ${kind} worker that spins shows where and with what`, options, async (t) => {
    const ours = ['--timeout', '1'];
    const tsgun = await startTsgunPython(t, kind, 'wsgi_bad:app', { ours });
    const target = { port: tsgun.port };
    // One thread of gthread may spin while the others serve: all of them have to.
    const spinners = kind === 'gthread' ? 4 : 1;
    const asked = Array.from({ length: spinners }, () => get(target, '/spins?secret=1'));
    for (const answer of await Promise.all(asked)) assert.equal(answer.status, 502);
    await tsgun.waitForLog(/WORKER TIMEOUT \(pid:\d+\)/);
    await tsgun.waitForLog(/wsgi_bad\.py", line \d+ in spin_forever/);
    await tsgun.waitForLog(/GET \/spins\b/);
    assert.doesNotMatch(tsgun.log, /secret=1/);
    await tsgun.waitForLog(/Booting worker/, 2);
    assert.equal((await get(target, '/')).body, 'fine');
    assert.equal(await tsgun.stop(), 0);
  });
}

test('a gthread worker with one thread that sleeps goes on', { skip: needsPython() }, async (t) => {
  const ours = ['--timeout', '1', '--graceful-timeout', '1'];
  const tsgun = await startTsgunPython(t, 'gthread', 'wsgi_bad:app', { ours });
  const target = { port: tsgun.port };
  const stuck = get(target, '/sleeps').catch(() => undefined);
  for (let count = 0; count < 25; count += 1) {
    assert.equal((await get(target, '/')).body, 'fine');
    await delay(100);
  }
  assert.doesNotMatch(tsgun.log, /WORKER TIMEOUT/);
  assert.equal(await tsgun.stop(), 0);
  await stuck;
});

test('gthread threads that all sleep are starvation', { skip: needsPython() }, async (t) => {
  const ours = ['--timeout', '1'];
  const args = ['--threads', '2'];
  const tsgun = await startTsgunPython(t, 'gthread', 'wsgi_bad:app', { args, ours });
  const target = { port: tsgun.port };
  const stuck = [1, 2].map(() => get(target, '/sleeps'));
  const waiting = get(target, '/');
  for (const answer of await Promise.all(stuck)) assert.equal(answer.status, 502);
  assert.equal((await waiting).body, 'fine');
  await tsgun.waitForLog(/in sleep_forever/, 2);
});

test('a blocked asyncio loop shows where and with what', { skip: needsPython() }, async (t) => {
  const ours = ['--timeout', '1'];
  const tsgun = await startTsgunPython(t, 'asgi', 'asgi_suite:app', { ours });
  const target = { port: tsgun.port };
  const waiting = get(target, '/sleep?5');
  assert.equal((await get(target, '/blocks')).status, 502);
  assert.equal((await waiting).status, 502);
  await tsgun.waitForLog(/WORKER TIMEOUT \(pid:\d+\)/);
  await tsgun.waitForLog(/asgi_suite\.py", line \d+ in block_the_loop/);
  await tsgun.waitForLog(/GET \/blocks\b/);
  await tsgun.waitForLog(/GET \/sleep\b/);
  await waitFor('the app to serve again', async () => (await get(target, '/')).body === 'hello');
});

test('an asyncio loop that only waits is not hung', { skip: needsPython() }, async (t) => {
  const tsgun = await startTsgunPython(t, 'asgi', 'asgi_suite:app', { ours: ['--timeout', '1'] });
  assert.equal((await get({ port: tsgun.port }, '/sleep?2.5')).body, 'slept');
  assert.doesNotMatch(tsgun.log, /WORKER TIMEOUT/);
});

for (const { what, kind, app, frame } of [
  { what: 'import', kind: 'sync', app: 'hung_import:app', frame: /in hang_in_import/ },
  { what: 'lifespan', kind: 'asgi', app: 'asgi_boot:hanging', frame: /in hang_in_lifespan/ },
  { what: 'lifespan that never answers', kind: 'asgi', app: 'asgi_boot:waiting', frame: /File "/ },
] as const) {
  test(`a hung ${what} ends the start with the stack`, { skip: needsPython() }, async (t) => {
    const ours = ['--boot-timeout', '1.5'];
    const tsgun = await startTsgunPython(t, kind, app, { ours, waitUntilReady: false });
    assert.equal((await tsgun.exited).code, 3);
    assert.match(tsgun.log, /WORKER TIMEOUT .*boot_timeout/);
    assert.match(tsgun.log, frame);
  });
}
