import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandNamed, lentAddresses } from '../../../src/sockets/inherited-pool.ts';
import { formatPassedName } from '../../../src/sockets/passed-name.ts';

const inherit = (...names: string[]) => names.map((name, index) => ({ fd: 3 + index, name }));
const passed = (key: string, owned: boolean): string =>
  formatPassedName({ key, slot: 0, order: 0, owned });

const cases: [what: string, names: string[], bind: string[], expanded: string[]][] = [
  ['one descriptor', ['web'], ['fd://web'], ['fd://web']],
  ['none', [], ['fd://web'], ['fd://web']],
  ['several', ['web', 'x', 'web', 'web'], ['fd://web'], ['fd://web', 'fd://web/1', 'fd://web/2']],
  ['one of several', ['web', 'web'], ['fd://web/1'], ['fd://web/1']],
  ['names that begin alike', ['web', 'web2', 'webs'], ['fd://web'], ['fd://web']],
  ['names with a slash in them', ['web/x', 'web'], ['fd://web'], ['fd://web']],
  [
    'numbers and addresses',
    ['web', 'web'],
    [':80', 'fd://3', 'unix:/a'],
    [':80', 'fd://3', 'unix:/a'],
  ],
  [
    'its place among others',
    ['b', 'a', 'a'],
    [':80', 'fd://a', 'fd://b'],
    [':80', 'fd://a', 'fd://a/1', 'fd://b'],
  ],
  [
    'what an older program passes on',
    [passed('fd://web/1', false), passed('fd://web', false)],
    ['fd://web'],
    ['fd://web', 'fd://web/1'],
  ],
  [
    'strange characters',
    ['tsgun@a.b+c-d.socket', 'tsgun@a.b+c-d.socket'],
    ['fd://tsgun@a.b+c-d.socket'],
    ['fd://tsgun@a.b+c-d.socket', 'fd://tsgun@a.b+c-d.socket/1'],
  ],
];

for (const [what, names, bind, expanded] of cases) {
  test(`expandNamed() with ${what}`, () => {
    assert.deepEqual(expandNamed(bind, inherit(...names)), expanded);
  });
}

test('lentAddresses() are those of strangers by number, and of an older program by what it called them', () => {
  const names = [
    'web',
    passed('fd://7', false),
    passed('127.0.0.1:80', true),
    passed('unix:/a', false),
    'a%b',
    '',
  ];
  assert.deepEqual(lentAddresses(inherit(...names)), ['fd://3', 'fd://7', 'fd://7', 'fd://8']);
});
