import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUnit, type Unit } from '../../../src/systemd/unit-name.ts';

const system = (name: string): Unit => ({ name, isUsers: false });
const users = (name: string): Unit => ({ name, isUsers: true });

const cases: [what: string, cgroups: string, unit: Unit | null][] = [
  [
    'a service',
    '0::/system.slice/system-tsgun.slice/tsgun@app.service\n',
    system('tsgun@app.service'),
  ],
  [
    'a delegated group of one',
    '0::/system.slice/tsgun@app.service/main\n',
    system('tsgun@app.service'),
  ],
  [
    'a service of a user',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/tsgun@app.service\n',
    users('tsgun@app.service'),
  ],
  [
    'a manager of a user itself',
    '0::/user.slice/user-0.slice/user@0.service/init.scope\n',
    system('user@0.service'),
  ],
  [
    'an instance that is called like one',
    '0::/system.slice/user@x.service/tsgun.service\n',
    system('tsgun.service'),
  ],
  [
    'both versions of cgroups',
    '12:pids:/\n1:name=systemd:/system.slice/tsgun@a.service\n0::/\n',
    system('tsgun@a.service'),
  ],
  ['an escaped name', '0::/system.slice/tsgun@a\\x2db.service\n', system('tsgun@a\\x2db.service')],
  ['a session', '0::/user.slice/user-1000.slice/session-3.scope\n', null],
  ['a container', '0::/docker/4711\n', null],
  ['the root', '0::/\n', null],
  ['nothing', '', null],
];

for (const [what, cgroups, unit] of cases) {
  test(`the unit of ${what} is ${unit === null ? 'none' : unit.name}`, () => {
    assert.deepEqual(findUnit(cgroups), unit);
  });
}
