import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Links } from '../../../src/arbiter/links.ts';

/** Whether somebody listens under an abstract name. */
async function listens(name: string): Promise<boolean> {
  const socket = net.connect(`\0${name}`);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('generations with the same edge share its links, and the last one takes them away', async () => {
  const links = new Links();
  const first = links.hold(1, 'a', 2);
  assert.equal(first.length, 2);
  assert.equal(links.hold(2, 'a', 2), first);
  const [other] = links.hold(3, 'b', 1);
  assert.notEqual(other?.name, first[0]?.name);
  links.release(1);
  assert.equal(await listens(first[0]?.name ?? ''), true);
  links.release(2);
  assert.equal(await listens(first[0]?.name ?? ''), false);
  assert.equal(await listens(other?.name ?? ''), true);
  links.release(3);
});

test('where workers accept by themselves there is none', () => {
  assert.deepEqual(new Links().hold(1, '', 0), []);
});
