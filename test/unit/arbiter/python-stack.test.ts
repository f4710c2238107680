import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanPythonStack } from '../../../src/arbiter/python-stack.ts';
import { pythonFolder } from '../../../src/process/python-interpreter.ts';

const ours = `  File "${pythonFolder}/tsgun_python/wsgi_call.py", line 71 in run`;
const control = `Thread 0x00007f7a16b3a6c0 (most recent call first):
  File "${pythonFolder}/tsgun_python/control_loop.py", line 63 in run
  File "/usr/lib/python3.11/threading.py", line 982 in run
  File "/usr/lib/python3.11/threading.py", line 1045 in _bootstrap_inner
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap
`;

test('of the stacks of a Python worker the app sees its own', () => {
  const app = '  File "/srv/app.py", line 4 in app';
  const thread = 'Current thread 0x00007f7a1733cb80 (most recent call first):';
  const text = `${control}\n${thread}\n${app}\n${ours}\n  File "<frozen runpy>", line 88 in _run_code\n`;
  assert.equal(cleanPythonStack(text), `${thread}\n${app}`);
});

test('a thread that waits for a lock of its own is shown', () => {
  const wait = '  File "/usr/lib/python3.11/threading.py", line 320 in wait';
  assert.match(cleanPythonStack(`Thread 0x01 (most recent call first):\n${wait}\n`), /320 in wait/);
});

test('of a worker that is idle nothing is left', () => {
  assert.equal(cleanPythonStack(`${control}\nCurrent thread 0x02:\n${ours}\n`), '');
});
