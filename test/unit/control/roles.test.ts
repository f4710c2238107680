import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denyMethod, denyStranger, roleOf } from '../../../src/control/roles.ts';

const access = { adminGroup: 50, readGroup: 60 };
const own = process.geteuid?.() ?? 0;
const stranger = own + 1;
const peer = (uid: number, gid = 9, groups: number[] = []) => ({ pid: 1, uid, gid, groups });

test('root, our own user and members of the admin group are admins', () => {
  assert.equal(roleOf(peer(0), access), 'admin');
  assert.equal(roleOf(peer(own), access), 'admin');
  assert.equal(roleOf(peer(stranger, 50), access), 'admin');
  assert.equal(roleOf(peer(stranger, 9, [1, 50]), access), 'admin');
  assert.equal(roleOf(peer(stranger, 60, [50]), access), 'admin');
});

test('members of the read group may read, everybody else nothing', () => {
  assert.equal(roleOf(peer(stranger, 60), access), 'read');
  assert.equal(roleOf(peer(stranger, 9, [60]), access), 'read');
  assert.equal(roleOf(peer(stranger, 9, [1, 2]), access), null);
});

test('a group that is not set has no members, not even those of group 0', () => {
  assert.equal(roleOf(peer(stranger, 0, [0]), { adminGroup: null, readGroup: null }), null);
});

test('a refusal names who is allowed', () => {
  assert.match(
    denyStranger(peer(77), access).message,
    /as uid 77: allowed are root.*, members of group 50, members of group 60$/,
  );
  const { message, code } = denyMethod('stop', peer(77), access);
  assert.match(message, /^Cannot call "stop" as uid 77: allowed are root.*members of group 50$/);
  assert.equal(code, 'TSGUN_E_DENIED');
});
