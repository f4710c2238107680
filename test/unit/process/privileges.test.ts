import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUser, groupsOf } from '../../../src/native/users.ts';
import { resolveIdentity, resolveOwner } from '../../../src/process/privileges.ts';

const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };
const settings = { user: null, group: null, initgroups: false };
const nobody = findUser('nobody') ?? { name: 'nobody', uid: 65_534, gid: 65_534 };
const { uid, gid } = nobody;

const refuses = (message: RegExp) => ({ code: 'TSGUN_E_PRIVILEGES', message });

test('without user and group everything stays as it is', () => {
  assert.equal(resolveIdentity(settings), null);
});

test('a user brings the primary group and no others', rootOnly, () => {
  for (const user of ['nobody', String(uid)])
    assert.deepEqual(resolveIdentity({ ...settings, user }), { uid, gid, groups: [] });
});

test('a group can be given with a user or alone, by name or number', rootOnly, () => {
  assert.deepEqual(resolveIdentity({ ...settings, user: 'nobody', group: 'root' }), {
    uid,
    gid: 0,
    groups: [],
  });
  assert.deepEqual(resolveIdentity({ ...settings, group: '77' }), { uid: 0, gid: 77, groups: [] });
});

test('a number that is no known user is taken with a group', rootOnly, () => {
  const unknown = { ...settings, user: '54321' };
  assert.deepEqual(resolveIdentity({ ...unknown, group: '77' }), {
    uid: 54_321,
    gid: 77,
    groups: [],
  });
  assert.throws(
    () => resolveIdentity(unknown),
    refuses(/^Cannot find the user "54321": give "group" as well$/),
  );
});

test('initgroups brings the groups of the user', rootOnly, () => {
  assert.deepEqual(resolveIdentity({ user: 'nobody', group: null, initgroups: true })?.groups, [
    ...groupsOf('nobody', gid),
  ]);
  assert.throws(
    () => resolveIdentity({ ...settings, initgroups: true }),
    refuses(/^Cannot use "initgroups" without "user"$/),
  );
  assert.throws(
    () => resolveIdentity({ user: '54321', group: '77', initgroups: true }),
    refuses(/^Cannot find the groups of uid 54321: it is no known user$/),
  );
});

test('what does not exist is named', () => {
  assert.throws(
    () => resolveIdentity({ ...settings, user: 'no-such' }),
    refuses(/^Cannot find the user "no-such"$/),
  );
  assert.throws(
    () => resolveIdentity({ ...settings, group: 'no-such' }),
    refuses(/^Cannot find the group "no-such"$/),
  );
});

test('a number that the kernel would take for another one is no user', rootOnly, () => {
  // 2^32 is 0 in 32 bits, which is root, and 2^32 - 1 means "as it is" to setuid(2).
  for (const user of ['4294967296', '4294967295', '9999999999'])
    assert.throws(
      () => resolveIdentity({ ...settings, user, group: '77' }),
      refuses(/^Cannot find/),
    );
  for (const group of ['4294967296', '4294967295'])
    assert.throws(() => resolveIdentity({ ...settings, group }), refuses(/^Cannot find/));
});

test('who is not root can only stay who they are', rootOnly, (t) => {
  const { geteuid, getegid } = process;
  Object.assign(process, { geteuid: () => uid, getegid: () => gid });
  t.after(() => Object.assign(process, { geteuid, getegid }));
  assert.equal(resolveIdentity({ ...settings, user: 'nobody' }), null);
  assert.throws(
    () => resolveIdentity({ ...settings, user: 'root' }),
    refuses(
      new RegExp(`^Cannot run workers as uid 0 and gid 0: tsgun runs as uid ${uid}, and only root`),
    ),
  );
});

test('resolveOwner() understands user and user:group', () => {
  assert.deepEqual(resolveOwner('nobody'), { uid, gid });
  assert.deepEqual(resolveOwner('nobody:root'), { uid, gid: 0 });
  assert.deepEqual(resolveOwner('12:34'), { uid: 12, gid: 34 });
  assert.throws(() => resolveOwner('nobody:no-such'), refuses(/^Cannot find the group "no-such"$/));
  assert.throws(() => resolveOwner(''), refuses(/^Cannot find the user ""$/));
});
