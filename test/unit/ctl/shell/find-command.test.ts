import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCommand, shellVerbs } from '../../../../ctl/shell/find-command.ts';
import { verbNames } from '../../../../src/protocol/control/verb-list.ts';

const run = (...words: string[]) => ({ kind: 'run', words });
const find = (line: string) => findCommand(line.split(' ').filter(Boolean));

test('findCommand() takes the beginning of a verb for the verb', () => {
  assert.deepEqual(find('sc +2'), run('scale', '+2'));
  assert.deepEqual(find('rel --canary'), run('reload', '--canary'));
  assert.deepEqual(find('-o json stat --no-header'), {
    kind: 'mistake',
    message: '"stat" can be status, stats',
  });
  assert.deepEqual(find('-o json statu'), run('-o', 'json', 'status'));
});

test('findCommand() lists what an ambiguous word can be', () => {
  assert.deepEqual(find('st'), { kind: 'mistake', message: '"st" can be status, stats, stop' });
});

test('findCommand() takes every verb as it is, also where it begins another', () => {
  for (const verb of verbNames.filter((name) => name !== 'shell')) {
    assert.deepEqual(find(verb), run(verb));
  }
  assert.deepEqual(find('config'), run('config'));
  assert.deepEqual(find('ls'), run('ls'));
});

test('findCommand() leaves unknown words to the program, which knows what was meant', () => {
  assert.deepEqual(find('relaod'), run('relaod'));
});

test('findCommand() helps with ? and help', () => {
  assert.deepEqual(find('?'), run('help'));
  assert.deepEqual(find('help'), run('help'));
  assert.deepEqual(find('? sc'), run('help', 'scale'));
  assert.deepEqual(find('scale ?'), run('help', 'scale'));
  assert.deepEqual(find('-h'), run('-h'));
});

test('findCommand() leaves the shell with exit, and does not stop the instance with quit', () => {
  assert.deepEqual(find('exit'), { kind: 'exit' });
  assert.deepEqual(find('exi'), { kind: 'exit' });
  assert.equal(find('quit').kind, 'mistake');
  assert.deepEqual(find('stop'), run('stop'));
});

test('findCommand() opens no shell in the shell, by name or by having no verb', () => {
  assert.equal(find('shell').kind, 'mistake');
  assert.equal(find('-v').kind, 'mistake');
  assert.deepEqual(find(''), { kind: 'nothing' });
  assert.ok(!shellVerbs.includes('shell'));
});
