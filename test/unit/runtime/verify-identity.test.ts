import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyIdentity } from '../../../src/runtime/verify-identity.ts';

const wanted = { uid: 33, gid: 34, groups: [35, 36] };

const ids = (uid: number, euid: number, gid: number, egid: number, groups: number[]) => ({
  getuid: () => uid,
  geteuid: () => euid,
  getgid: () => gid,
  getegid: () => egid,
  getgroups: () => groups,
});

const cases: [string, ReturnType<typeof ids>, string | null][] = [
  ['the very same', ids(33, 33, 34, 34, [35, 36]), null],
  ['the main group told among the others', ids(33, 33, 34, 34, [34, 36, 35]), null],
  ['root', ids(0, 0, 34, 34, [35, 36]), 'it runs as uid 0/0, not 33'],
  ['a real uid that is left over', ids(0, 33, 34, 34, [35, 36]), 'it runs as uid 0/33, not 33'],
  ['a real gid that is left over', ids(33, 33, 0, 34, [35, 36]), 'it runs as gid 0/34, not 34'],
  [
    'a group that is left over',
    ids(33, 33, 34, 34, [0, 35, 36]),
    'it still has the supplementary groups 0',
  ],
  ['a missing group', ids(33, 33, 34, 34, [35]), 'it lacks the supplementary groups 36'],
];

for (const [what, actual, expected] of cases) {
  test(`verifyIdentity() ${expected === null ? 'accepts' : 'refuses'} ${what}`, () => {
    assert.equal(verifyIdentity(wanted, actual), expected);
  });
}

test('verifyIdentity() accepts anybody when nothing was asked for', () => {
  assert.equal(verifyIdentity(null, ids(0, 0, 0, 0, [0])), null);
});
