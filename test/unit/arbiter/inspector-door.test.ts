import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InspectorDoor } from '../../../src/arbiter/inspector-door.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const url = (port: number) => `ws://127.0.0.1:${port}/b8140937-9e81-4425-9e31-43587385f6c4`;
const line = (port: number) => `Debugger listening on ${url(port)}`;
const { signal } = new AbortController();

function door() {
  const seen = { knocks: 0, shuts: 0 };
  const inspector = new InspectorDoor({
    knock: () => {
      seen.knocks += 1;
    },
    shut: () => {
      seen.shuts += 1;
    },
  });
  return { inspector, seen };
}

test('what Node says of its inspector is kept out of the log, what an app says is not', () => {
  const { inspector } = door();
  for (const said of [line(1), 'Debugger attached.', `Debugger ending on ${url(1)}`])
    assert.equal(inspector.hear(said), true, said);
  for (const said of ['hello', 'Debugger', ` ${line(1)}`])
    assert.equal(inspector.hear(said), false);
});

test('each use opens the inspector, and the last one to leave has it shut', async () => {
  const { inspector, seen } = door();
  for (const port of [1001, 1002]) {
    const first = inspector.open(signal);
    const second = inspector.open(signal);
    inspector.hear(line(port));
    assert.deepEqual([await first, await second], [url(port), url(port)]);
    const shuts = seen.shuts;
    inspector.close();
    assert.equal(seen.shuts, shuts);
    inspector.close();
    assert.equal(seen.shuts, shuts + 1);
  }
});

test('a door that is just being shut is knocked at again', async () => {
  const { inspector, seen } = door();
  const opened = inspector.open(signal);
  await waitFor('the second knock', () => seen.knocks === 2);
  inspector.hear(line(1001));
  assert.equal(await opened, url(1001));
});

test('one that opens when nobody waits any more is shut again', async () => {
  const { inspector, seen } = door();
  const patience = AbortSignal.timeout(20);
  await assert.rejects(inspector.open(patience));
  inspector.close();
  inspector.hear(line(1001));
  assert.equal(seen.shuts, 2, 'when patience was over, and again');
  const knocks = seen.knocks;
  const opened = inspector.open(signal);
  assert.equal(seen.knocks, knocks + 1);
  inspector.hear(line(1002));
  assert.equal(await opened, url(1002));
});

test('one that somebody else has opened is used as it is, until it leads nowhere', async () => {
  const { inspector, seen } = door();
  inspector.hear(line(9229));
  assert.equal(await inspector.open(signal), url(9229));
  inspector.close();
  assert.deepEqual(seen, { knocks: 0, shuts: 0 });
  assert.equal(await inspector.open(signal), url(9229));
  inspector.forget();
  inspector.close();
  const opened = inspector.open(signal);
  assert.equal(seen.knocks, 1);
  inspector.hear(line(1001));
  assert.equal(await opened, url(1001));
});

test('no other address is believed', async () => {
  const { inspector } = door();
  const opened = inspector.open(AbortSignal.timeout(50));
  for (const bad of ['ws://10.0.0.1:1/x', `${url(1)}/x`, url(1).replace('ws:', 'http:')])
    inspector.hear(`Debugger listening on ${bad}`);
  await assert.rejects(opened);
});
