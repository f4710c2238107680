import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { root } from '../helpers/start-tsgun.ts';

/** What the Python side's own tests can make use of. */
const libraries = ['gevent', 'eventlet', 'uvloop'];

test('the tests of the Python side', { skip: needsPython() }, () => {
  const all = needsPython(...libraries) === false;
  const python = all ? pythonWith(...libraries) : pythonWith();
  const env = {
    PATH: process.env['PATH'] ?? '',
    PYTHONPATH: path.join(root, 'src/python'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const args = ['-m', 'unittest', 'discover', '-s', 'test/python'];
  const run = spawnSync(python, args, { cwd: root, env, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stderr, /^Ran [1-9]\d* tests/m);
  if (process.env['TSGUN_NO_SKIP'] === '1') assert.doesNotMatch(run.stderr, /skipped=/);
});
