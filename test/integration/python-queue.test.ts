import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectControl } from '../helpers/control.ts';
import { needsPython } from '../helpers/python.ts';
import { modulesOf, startTsgunPython, wsgiClasses } from '../helpers/python-server.ts';
import { workersOf } from '../helpers/python-under-load.ts';
import { get, header } from '../helpers/raw-request.ts';
import { StrictConnection } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

const skip = needsPython();

test('the request beyond queue_limit is answered 503 at once', { skip }, async (t) => {
  const ours = ['--queue-limit', '2'];
  const tsgun = await startTsgunPython(t, 'sync', 'wsgi_suite:app', { ours });
  const target = { port: tsgun.port };
  const served = [0, 1, 2].map(() => get(target, '/sleep?1'));
  await delay(300);
  const begun = performance.now();
  const refused = await get(target, '/');
  assert.ok(performance.now() - begun < 400);
  assert.equal(refused.status, 503);
  assert.match(header(refused, 'retry-after') ?? '', /^\d+$/);
  for (const answer of await Promise.all(served)) assert.equal(answer.body, 'slept');
  assert.equal((await get(target, '/')).body, 'hello');
  assert.equal(await tsgun.stop(), 0);
});

test('a request that waits longer than queue_timeout is answered 503', { skip }, async (t) => {
  const ours = ['--queue-timeout', '0.5'];
  const tsgun = await startTsgunPython(t, 'sync', 'wsgi_suite:app', { ours });
  const target = { port: tsgun.port };
  const served = get(target, '/sleep?1.5');
  await delay(200);
  const begun = performance.now();
  const refused = await get(target, '/');
  const took = performance.now() - begun;
  assert.equal(refused.status, 503);
  assert.ok(took > 400 && took < 1100, `after ${took} ms`);
  assert.match(header(refused, 'retry-after') ?? '', /^\d+$/);
  assert.equal((await served).body, 'slept');
});

test('the queue is first in, first out, and forgets who has left', { skip }, async (t) => {
  const tsgun = await startTsgunPython(t, 'sync', 'wsgi_suite:app');
  const target = { port: tsgun.port };
  const order: number[] = [];
  const first = get(target, '/sleep?2');
  await delay(150);
  const leaver = await StrictConnection.open(target);
  leaver.write('GET /closing?never HTTP/1.1\r\nHost: a\r\n\r\n');
  const waiting = [1, 2, 3, 4, 5].map(async (number) => {
    await delay(number * 20);
    await get(target, '/');
    order.push(number);
  });
  await delay(150);
  leaver.close();
  await Promise.all([first, ...waiting]);
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
  assert.doesNotMatch((await get(target, '/closed')).body, /never/);
});

for (const kind of wsgiClasses) {
  const options = { skip: needsPython(...modulesOf(kind)) };
  test(`no more requests run at once than a ${kind} worker can`, options, async (t) => {
    const most = { sync: 1, gthread: 4, gevent: 6, eventlet: 6 }[kind];
    const args = ['--worker-connections', '6'];
    const tsgun = await startTsgunPython(t, kind, 'wsgi_suite:app', { args });
    const target = { port: tsgun.port };
    const begun = performance.now();
    await Promise.all(Array.from({ length: most * 2 }, () => get(target, '/sleep?0.4')));
    const took = performance.now() - begun;
    assert.ok(took > 780 && took < 1600, `${most * 2} requests took ${took} ms`);
  });

  test(`request_timeout ends a request of a ${kind} worker for real`, options, async (t) => {
    const ours = ['--request-timeout', '0.7', '--graceful-timeout', '1'];
    const tsgun = await startTsgunPython(t, kind, 'wsgi_suite:app', { ours });
    const target = { port: tsgun.port };
    const begun = performance.now();
    const answer = await get(target, '/sleep?30');
    assert.equal(answer.status, 504);
    assert.ok(performance.now() - begun < 2000);
    await waitFor('the app to serve', async () => (await get(target, '/')).body === 'hello');
    if (kind === 'sync') await tsgun.waitForLog(/in sleep\b/);
    await tsgun.waitForLog(/GET \/sleep\b/);
    assert.equal(await tsgun.stop(), 0);
  });
}

test('request_timeout cancels an ASGI request and nothing else', { skip }, async (t) => {
  const ours = ['--request-timeout', '0.7'];
  const tsgun = await startTsgunPython(t, 'asgi', 'asgi_suite:app', { ours });
  const control = await connectControl(t, tsgun);
  const target = { port: tsgun.port };
  const before = await workersOf(control);
  const short = get(target, '/sleep?0.4');
  assert.equal((await get(target, '/sleep?30')).status, 504);
  assert.equal((await short).body, 'slept');
  assert.equal((await get(target, '/')).body, 'hello');
  assert.deepEqual(await workersOf(control), before);
});

test('request_timeout cuts an answer that has begun', { skip }, async (t) => {
  const ours = ['--request-timeout', '0.3'];
  const tsgun = await startTsgunPython(t, 'asgi', 'asgi_suite:app', { ours });
  const answer = await get({ port: tsgun.port }, '/stream');
  assert.equal(answer.status, 200);
  assert.equal(answer.complete, false);
});
