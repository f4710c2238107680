import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findGroup, findUser, groupsOf } from '../../../src/native/users.ts';

const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(':'));

test('findUser() finds every user of /etc/passwd, by name and by number', () => {
  for (const [name = '', , uid, gid] of lines('/etc/passwd')) {
    assert.deepEqual(findUser(name), { name, uid: Number(uid), gid: Number(gid) });
    assert.equal(findUser(Number(uid))?.uid, Number(uid));
  }
});

test('findGroup() finds every group of /etc/group', () => {
  for (const [name = '', , gid] of lines('/etc/group')) assert.equal(findGroup(name), Number(gid));
});

test('what does not exist is null', () => {
  assert.equal(findUser('no-such-user'), null);
  assert.equal(findUser(4_294_967_290), null);
  assert.equal(findGroup('no-such-group'), null);
});

test('groupsOf() agrees with id(1)', () => {
  for (const [name = '', , , gid] of lines('/etc/passwd').slice(0, 5)) {
    const listed = execFileSync('id', ['-G', name], { encoding: 'utf8' }).trim().split(' ');
    assert.deepEqual(new Set(groupsOf(name, Number(gid))), new Set(listed.map(Number)));
  }
});
