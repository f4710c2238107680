import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { methodNames, methodOf } from '../../src/protocol/control/methods.ts';
import { expectService, type Json, startControlServer } from '../helpers/control-server.ts';

const run = promisify(execFile);
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

const adminGroup = 23_001;
const readGroup = 23_002;
const access = { adminGroup, readGroup };

interface Who {
  uid: number;
  gid: number;
  groups?: number[];
}

const script = `
  const [, path, ...lines] = process.argv;
  const socket = require('net').connect(path);
  socket.on('error', (error) => process.stderr.write(error.code));
  socket.on('close', () => process.exit());
  socket.pipe(process.stdout);
  socket.end(lines.map((line) => line + '\\n').join(''));`;

/** What somebody else gets for these lines. */
async function callAs({ uid, gid, groups = [] }: Who, path: string, ...messages: unknown[]) {
  const identity = [`--reuid=${uid}`, `--regid=${gid}`];
  const member = groups.length > 0 ? `--groups=${groups}` : '--clear-groups';
  const lines = messages.map((message) => JSON.stringify(message));
  const args = [...identity, member, process.execPath, '-e', script, path, ...lines];
  const { stdout, stderr } = await run('setpriv', args, { cwd: '/' });
  const answers: Json[] = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { answers, errno: stderr };
}

const request = (id: number, method: string, params?: unknown) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

test('a stranger is told who may, and nothing else, and is gone', rootOnly, async (t) => {
  const { path, server, log } = await startControlServer(t, { access, mode: 0o666 });
  const { answers } = await callAs(
    { uid: 12_345, gid: 12_345, groups: [5] },
    path,
    request(1, 'status'),
  );
  assert.equal(answers.length, 1);
  const [{ id, error }] = answers;
  assert.deepEqual([id, error.code, error.data], [null, -32_013, { code: 'TSGUN_E_DENIED' }]);
  assert.match(
    error.message,
    /as uid 12345: allowed are root, members of group 23001, members of group 23002$/,
  );
  assert.deepEqual([server.counts.calls, server.counts.refused], [0, 1]);
  assert.deepEqual(log, []);
  await expectService(t, path);
});

test('without permission for its file, a stranger does not even connect', rootOnly, async (t) => {
  const { path } = await startControlServer(t, { access, mode: 0o600 });
  const { answers, errno } = await callAs({ uid: 12_345, gid: 12_345 }, path, request(1, 'ping'));
  assert.deepEqual([answers, errno], [[], 'EACCES']);
});

for (const [how, who] of [
  ['by its first group', { uid: 12_345, gid: readGroup }],
  ['by a supplementary group', { uid: 12_345, gid: 12_345, groups: [5, readGroup] }],
] as const) {
  test(`a member of the read group, ${how}, may look and not touch`, rootOnly, async (t) => {
    const { path, log } = await startControlServer(t, { access, mode: 0o666 });
    const names = methodNames.filter((name) => name !== 'subscribe' && name !== 'unsubscribe');
    const calls = names.map((name, id) => request(id, name));
    const { answers } = await callAs(
      { ...who, groups: [...('groups' in who ? who.groups : [])] },
      path,
      ...calls,
    );
    for (const [id, name] of names.entries()) {
      const { error } = answers.find((answer) => answer.id === id);
      assert.equal(error?.data.code === 'TSGUN_E_DENIED', methodOf(name).role === 'admin', name);
    }
    const { result } = answers[names.indexOf('hello')];
    assert.equal(result.role, 'read');
    assert.deepEqual(
      result.methods,
      methodNames.filter((name) => methodOf(name).role === 'read'),
    );
    assert.deepEqual(log, []);
  });
}

test(
  'a member of the admin group may do everything, and is named in the log',
  rootOnly,
  async (t) => {
    const { path, log } = await startControlServer(t, { access, mode: 0o666 });
    const who = { uid: 12_345, gid: 12_345, groups: [adminGroup] };
    const { answers } = await callAs(
      who,
      path,
      request(1, 'scale', ['+1']),
      request(2, 'config-check'),
    );
    assert.deepEqual(
      answers.map(({ id, error }) => [id, error]),
      [
        [1, undefined],
        [2, undefined],
      ],
    );
    assert.deepEqual(
      log.map(({ level, message }) => [level, message.replace(/\d+$/, 'PID')]),
      [
        ['info', 'Control: scale {"workers":"+1"} by uid 12345 pid PID'],
        ['info', 'Control: config-check {} by uid 12345 pid PID'],
      ],
    );
  },
);

test('the groups decide when somebody connects, not the file', rootOnly, async (t) => {
  const { path } = await startControlServer(t, { mode: 0o600 });
  chmodSync(path, 0o666);
  const { answers } = await callAs({ uid: 12_345, gid: 0 }, path, request(1, 'ping'));
  assert.equal(answers[0].error.data.code, 'TSGUN_E_DENIED');
});
