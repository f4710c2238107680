import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { History, historyLimit, historyPath } from '../../../../ctl/shell/history.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';

test('historyPath() follows XDG_STATE_HOME, then HOME', () => {
  assert.equal(historyPath({ XDG_STATE_HOME: '/s', HOME: '/h' }), '/s/tsgun/history');
  assert.equal(historyPath({ HOME: '/h' }), '/h/.local/state/tsgun/history');
  assert.equal(
    historyPath({ XDG_STATE_HOME: 'relative', HOME: '/h' }),
    '/h/.local/state/tsgun/history',
  );
  assert.equal(historyPath({}), null);
});

test('a history is there again in the next shell, for nobody else to read', (t) => {
  const file = path.join(makeTempDir(t), 'deep', 'tsgun', 'history');
  const first = new History(file);
  assert.deepEqual(first.lines, []);
  for (const line of ['status', 'scale +1', 'scale +1', '', '  secret', 'workers '])
    first.add(line);
  assert.deepEqual(new History(file).lines, ['workers', 'scale +1', 'status']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
});

test('a history that others could read is closed to them', (t) => {
  const file = path.join(makeTempDir(t), 'history');
  writeFileSync(file, 'status\n');
  chmodSync(file, 0o644);
  assert.deepEqual(new History(file).lines, ['status']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a history never grows beyond its limit, in the file as well', (t) => {
  const file = path.join(makeTempDir(t), 'history');
  writeFileSync(file, Array.from({ length: 3000 }, (_, index) => `old ${index}\n`).join(''));
  const history = new History(file);
  const inFile = () => readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(history.lines.length, historyLimit);
  assert.equal(inFile().length, historyLimit);
  for (let index = 0; index < 5; index += 1) history.add(`new ${index}`);
  assert.equal(inFile().length, historyLimit);
  assert.deepEqual(inFile().slice(-2), ['new 3', 'new 4']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(history.lines.slice(0, 2), ['new 4', 'new 3']);
});

test('two shells that share a file lose nothing of each other', (t) => {
  const file = path.join(makeTempDir(t), 'history');
  writeFileSync(
    file,
    Array.from({ length: historyLimit }, (_, index) => `old ${index}\n`).join(''),
  );
  const [one, other] = [new History(file), new History(file)];
  one.add('from one');
  other.add('from other');
  assert.deepEqual(new History(file).lines.slice(0, 2), ['from other', 'from one']);
});

test('a history that cannot be kept is no failure', (t) => {
  const dir = makeTempDir(t);
  writeFileSync(path.join(dir, 'file'), '');
  mkdirSync(path.join(dir, 'folder'));
  for (const file of [
    null,
    path.join(dir, 'file', 'history'),
    path.join(dir, 'folder'),
    '/proc/history',
  ]) {
    const history = new History(file);
    history.add('status');
    assert.deepEqual(history.lines, ['status']);
  }
});
