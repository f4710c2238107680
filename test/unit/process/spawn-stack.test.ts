import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { catchesSignal } from '../../../src/process/catches-signal.ts';
import { spawnChild } from '../../../src/process/spawn.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const { PATH = '' } = process.env;

test('a child has a pipe for its stack between what it inherits and its channel', async () => {
  const child = spawnChild({
    file: 'sh',
    args: ['-c', 'eval "echo stack >&$TSGUN_STACK_FD; echo \\"{}\\" >&$NODE_CHANNEL_FD"; read x'],
    cwd: '/',
    env: { PATH },
    descriptors: [2],
    output: 'ignore',
    channel: true,
    stack: true,
  });
  const heard: unknown[] = [];
  child.onMessage((message) => heard.push(message));
  assert.ok(child.stack);
  const [chunk] = await once(child.stack, 'data');
  assert.equal(String(chunk), 'stack\n');
  await waitFor('its word', () => heard.length === 1);
  child.kill('SIGKILL');
});

test('only a signal with a handler is one that a process catches', async () => {
  const child = spawnChild({
    file: 'bash',
    args: ['-c', "trap : USR2; echo '{}' >&$NODE_CHANNEL_FD; while :; do sleep 0.1; done"],
    cwd: '/',
    env: { PATH },
    descriptors: [],
    output: 'ignore',
    channel: true,
  });
  await new Promise((resolve) => child.onMessage(resolve));
  const { pid = 0 } = child;
  assert.deepEqual(
    (['SIGUSR2', 'SIGUSR1', 'SIGABRT'] as const).map((signal) => catchesSignal(pid, signal)),
    [true, false, false],
  );
  child.kill('SIGKILL');
  await new Promise<void>((resolve) => child.onExit(() => resolve()));
  assert.equal(catchesSignal(pid, 'SIGUSR2'), false, 'nobody is there');
});
