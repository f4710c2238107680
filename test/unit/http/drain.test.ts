import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type Acceptor, Drain, type DrainOptions } from '../../../src/http/drain.ts';
import type { Traffic } from '../../../src/http/traffic.ts';
import { StrictConnection } from '../../helpers/strict-client.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { serve } from './serve.ts';

const acceptor = (): Acceptor => ({ lastAccept: 0, close: () => true });

const drain = (traffic: Traffic, gate: Acceptor, order: DrainOptions): Promise<boolean> =>
  new Drain(traffic, gate, order).over;

const options = (parts: Partial<DrainOptions>): DrainOptions => ({
  emptyBacklog: false,
  lingerMs: 60_000,
  graceMs: 60_000,
  ...parts,
});

test('a drain without connections is over at once', async (t) => {
  const { traffic } = await serve(t, (_req, res) => res.end());
  let closed = false;
  const close = () => {
    closed = true;
    return true;
  };
  const gate = { lastAccept: 0, close };
  await drain(traffic, gate, options({}));
  assert.equal(closed, true);
});

test('a drain accepts until the queue is quiet when nobody else will', async (t) => {
  const { traffic } = await serve(t, (_req, res) => res.end());
  const begun = performance.now();
  let closedAt = 0;
  const gate = {
    get lastAccept() {
      return Math.min(performance.now(), begun + 100);
    },
    close() {
      closedAt ||= performance.now() - begun;
      return true;
    },
  };
  await drain(traffic, gate, options({ emptyBacklog: true }));
  assert.ok(closedAt >= 149, `closed after ${closedAt} ms`);
});

test('a drain does not accept for ever', async (t) => {
  const { traffic } = await serve(t, (_req, res) => res.end());
  const gate = {
    get lastAccept() {
      return performance.now();
    },
    close: () => true,
  };
  await drain(traffic, gate, options({ emptyBacklog: true }));
});

test('a drain answers what is in flight with Connection: close, and the next request of the idle', async (t) => {
  const held: ServerResponse[] = [];
  const { port, traffic } = await serve(t, (req, res) => {
    if (req.url === '/held') held.push(res);
    else res.end('at once');
  });
  const [busy, idle] = [
    await StrictConnection.open({ port }),
    await StrictConnection.open({ port }),
  ];
  const answer = busy.get('/held');
  assert.equal((await idle.get()).headers.get('connection'), 'keep-alive');
  await waitFor('the request', () => held.length === 1);
  const drained = drain(traffic, acceptor(), options({}));
  held[0]?.end('held');
  for (const { headers } of [await answer, await idle.get()]) {
    assert.equal(headers.get('connection'), 'close');
  }
  await drained;
});

test('a drain closes idle connections and silent ones after the linger', async (t) => {
  const { port, traffic } = await serve(t, (_req, res) => res.end());
  const [idle, silent] = [
    await StrictConnection.open({ port }),
    await StrictConnection.open({ port }),
  ];
  await idle.get();
  await waitFor('both connections', () => traffic.connections.size === 2);
  const begun = performance.now();
  await drain(traffic, acceptor(), options({ lingerMs: 100 }));
  assert.ok(performance.now() - begun >= 99);
  await waitFor('the ends', () => idle.closed && silent.closed);
});

test('a drain whose linger is shortened on the way ends sooner', async (t) => {
  const { port, traffic } = await serve(t, (_req, res) => res.end());
  const idle = await StrictConnection.open({ port });
  await idle.get();
  const drained = new Drain(traffic, acceptor(), options({}));
  drained.hasten({ lingerMs: 50, graceMs: 60_000 });
  drained.hasten({ lingerMs: 60_000, graceMs: 60_000 });
  assert.equal(await drained.over, true);
  idle.close();
});

test('a drain whose grace is shortened on the way cuts sooner', async (t) => {
  const { port, traffic } = await serve(t, (_req, res) => void res.write('never more'));
  const client = await StrictConnection.open({ port });
  const answer = assert.rejects(client.get());
  await waitFor('the request', () => traffic.inFlight === 1);
  const drained = new Drain(traffic, acceptor(), options({}));
  drained.hasten({ lingerMs: 60_000, graceMs: 50 });
  await drained.over;
  await answer;
});

test('a drain that is given up touches nothing any more, and keep-alive works again', async (t) => {
  const { port, traffic } = await serve(t, (_req, res) => res.end());
  const idle = await StrictConnection.open({ port });
  await idle.get();
  const drained = new Drain(traffic, acceptor(), options({ lingerMs: 20 }));
  const until = performance.now() + 15;
  await waitFor('it to look', () => performance.now() > until);
  drained.giveUp();
  traffic.keepAliveAgain();
  assert.equal(await drained.over, false);
  const later = performance.now() + 60;
  await waitFor('the linger to pass', () => performance.now() > later);
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await idle.get()).headers.get('connection'), 'keep-alive');
  }
  idle.close();
});

test('a drain waits for an acceptor that cannot close yet', async (t) => {
  const { traffic } = await serve(t, (_req, res) => res.end());
  let asked = 0;
  const gate = {
    lastAccept: 0,
    close() {
      asked += 1;
      return asked > 5;
    },
  };
  await drain(traffic, gate, options({}));
  assert.equal(asked, 6);
});

test('half a request head counts as under way', async (t) => {
  const { port, traffic } = await serve(t, (_req, res) => res.end('whole'));
  const client = await StrictConnection.open({ port });
  await client.get();
  client.write('GET / HTTP/1.1\r\n');
  await waitFor('the half', () => [...traffic.connections.values()].every(({ idle }) => !idle));
  const drained = drain(traffic, acceptor(), options({ lingerMs: 0 }));
  let over = false;
  void drained.then(() => (over = true));
  const until = performance.now() + 100;
  await waitFor('some looks', () => performance.now() > until);
  assert.equal(over, false);
  client.write('Host: x\r\n\r\n');
  assert.equal((await client.answer()).body, 'whole');
  await drained;
});

test('a request that came during a blocked loop is answered, not closed', async (t) => {
  for (let round = 0; round < 10; round += 1) {
    const { port, traffic } = await serve(t, (_req, res) => res.end('here'));
    const client = await StrictConnection.open({ port });
    await client.get();
    const drained = drain(traffic, acceptor(), options({ lingerMs: 20 }));
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const until = performance.now() + 40;
    while (performance.now() < until); // the linger is over before the loop can read
    assert.equal((await client.answer()).body, 'here');
    await drained;
  }
});

test('a drain cuts what is left when the grace is over', async (t) => {
  const { port, traffic, records } = await serve(t, (_req, res) => void res.write('never more'));
  const client = await StrictConnection.open({ port });
  const answer = assert.rejects(client.get());
  await waitFor('the request', () => traffic.inFlight === 1);
  await drain(traffic, acceptor(), options({ graceMs: 50 }));
  await answer;
  assert.equal(records[0]?.aborted, true);
});
