import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeUnknown, type Given, resolveSettings } from '../../../src/settings/resolve.ts';
import { defaultSettings } from '../../../src/settings/table.ts';

const value = (name: string, raw: unknown, origin = 'file:1'): Given => ({
  name,
  raw,
  kind: 'value',
  origin,
});

const flag = (name: string, raw: string): Given => ({ name, raw, kind: 'text', origin: name });

test('without sources there are only defaults', () => {
  const { settings, origins, problems } = resolveSettings([]);
  assert.deepEqual(settings, defaultSettings());
  assert.deepEqual(origins, {});
  assert.deepEqual(problems, []);
});

test('a name counts in each of its spellings', () => {
  for (const name of ['max_requests', 'max-requests', 'maxRequests'])
    assert.equal(resolveSettings([[value(name, 7)]]).settings.maxRequests, 7);
});

test('all problems are told at once, each with its origin and what was expected', () => {
  const { problems } = resolveSettings([
    [flag('workers', 'many')],
    [value('timeout', -1, 'x.toml:3'), value('daemon', 'maybe', 'x.toml:4')],
    [value('wrokers', 1, 'x.toml:5'), value('bind', [], 'x.toml:6')],
  ]);
  assert.deepEqual(problems, [
    'workers: workers: expected a whole number from 1 to 1024, or "auto", not "many"',
    'x.toml:3: timeout: expected seconds from 0, or a duration such as "500ms" or "2m", not -1',
    'x.toml:4: daemon: expected true or false, not "maybe"',
    'x.toml:5: unknown setting "wrokers", did you mean "workers"?',
    'x.toml:6: bind: expected a list of at least 1, not []',
  ]);
});

test('null leaves out what can be left out, and nothing else', () => {
  const { settings, problems } = resolveSettings([
    [value('user', 'www')],
    [value('user', null), value('workers', null)],
  ]);
  assert.equal(settings.user, null);
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /workers: expected .* not null/);
});

test('a table is no setting', () => {
  assert.deepEqual(resolveSettings([[value('server', { workers: 2 })]]).problems, [
    'file:1: "server" is a table, but settings stand in none',
  ]);
});

test('an unknown name gets the advice that fits', () => {
  assert.match(describeUnknown('max-request'), /did you mean "max_requests"\?$/);
  assert.match(describeUnknown('log_level'), /did you mean "loglevel"\?$/);
  assert.match(describeUnknown('pid'), /did you mean "pidfile"\?$/);
  assert.match(describeUnknown('env'), /did you mean "raw_env"\?$/);
  assert.match(describeUnknown('proxy_protocol'), /of Gunicorn, not supported by tsgun$/);
  assert.match(describeUnknown('certfile'), /of Gunicorn, not supported by tsgun$/);
  assert.equal(describeUnknown('banana'), 'unknown setting "banana"');
});

test('names of the language itself are unknown settings', () => {
  for (const name of ['__proto__', 'constructor', 'toString', ''])
    assert.equal(resolveSettings([[value(name, 1)]]).problems.length, 1, name);
});

test('a value that is long is cut in the message', () => {
  const [problem = ''] = resolveSettings([[flag('workers', 'x'.repeat(5000))]]).problems;
  assert.ok(problem.length < 400);
});

test('nothing that a source gives makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.anything(), (name, raw) => {
      resolveSettings([[value(name, raw), value('workers', raw), value('bind', raw)]]);
    }),
  );
});
