import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { suggest } from '../../../src/core/suggest.ts';
import { diffSettings } from '../../../src/settings/changes.ts';
import type { Setting } from '../../../src/settings/define.ts';
import { toCamel, toKebab, toSnake } from '../../../src/settings/names.ts';
import { type Given, resolveSettings } from '../../../src/settings/resolve.ts';
import { defaultSettings, settingNames, table } from '../../../src/settings/table.ts';

const value = (name: string, raw: unknown, origin = 'a file:1'): Given => ({
  name,
  raw,
  kind: 'value',
  origin,
});
const word = (name: string, raw: string, origin = '--flag'): Given => ({
  ...value(name, raw, origin),
  kind: 'text',
});

for (const name of settingNames) {
  test(`the default of ${name} is a value that the setting itself takes`, () => {
    const { schema, default: initial, summary }: Setting<unknown> = table[name];
    if (initial !== null) assert.deepEqual(schema.fromValue(initial), { ok: true, value: initial });
    assert.ok(summary.length > 0 && summary.length < 80);
  });
}

test('names have one spelling in each place, and each leads back', () => {
  assert.equal(toSnake('limitRequestFieldSize'), 'limit_request_field_size');
  assert.equal(toKebab('maxRequests'), 'max-requests');
  for (const name of settingNames) {
    assert.equal(toCamel(toSnake(name)), name);
    assert.equal(toCamel(toKebab(name)), name);
  }
});

test('no two settings share a flag or a letter', () => {
  const flags = settingNames.flatMap((name) => {
    const { aliases = [], short }: Setting<unknown> = table[name];
    return [toKebab(name), ...aliases, ...(short === undefined ? [] : [short])];
  });
  assert.equal(new Set(flags).size, flags.length);
});

test('whatever the sources say, the last one that names a setting wins', () => {
  const source = fc.option(fc.integer({ min: 1, max: 100 }), { nil: null });
  fc.assert(
    fc.property(fc.array(source, { maxLength: 5 }), (values) => {
      const sources = values.map((number, index) =>
        number === null ? [] : [value('workers', number, `source ${index}`)],
      );
      const { origins, settings } = resolveSettings(sources);
      const last = values.findLastIndex((number) => number !== null);
      assert.equal(settings.workers, last < 0 ? 1 : values[last]);
      assert.equal(origins.workers, last < 0 ? undefined : `source ${last}`);
    }),
  );
});

test('a list grows within a source and is replaced by the next', () => {
  const { settings } = resolveSettings([
    [value('bind', ['a:1', 'b:2'])],
    [word('bind', 'c:3'), word('bind', 'd:4')],
  ]);
  assert.deepEqual(settings.bind, ['c:3', 'd:4']);
});

test('every problem is told, with where it is and what would be right', () => {
  const { problems } = resolveSettings([
    [
      value('wrokers', 2, 'f.toml:1'),
      value('threads', 'x', 'f.toml:2'),
      value('certfile', 'x', 'f.toml:3'),
    ],
    [word('timeout', 'soon', '--timeout'), word('bind', '', '--bind'), word('loglevel', 'loud')],
  ]);
  assert.equal(problems.length, 6);
  assert.match(
    problems[0] ?? '',
    /^f\.toml:1: unknown setting "wrokers", did you mean "workers"\?$/,
  );
  assert.match(
    problems[1] ?? '',
    /^f\.toml:2: threads: expected a whole number from 1 to 1024, not "x"$/,
  );
  assert.match(problems[2] ?? '', /Gunicorn/);
  assert.match(problems[3] ?? '', /^--timeout: timeout: expected seconds/);
  assert.match(problems[5] ?? '', /"debug", "info"/);
});

test('numbers, flags and modes are read from text, and not from wrong types', () => {
  const { problems, settings } = resolveSettings([
    [
      word('maxMemory', '512M'),
      word('umask', '027'),
      word('reusePort', 'true'),
      word('workers', 'auto'),
    ],
    [value('keepalive', 2.5), value('graceful_timeout', '500ms')],
  ]);
  assert.deepEqual(problems, []);
  assert.equal(settings.maxMemory, 2 ** 29);
  assert.equal(settings.umask, 0o27);
  assert.equal(settings.reusePort, true);
  assert.equal(settings.workers, 'auto');
  assert.equal(settings.gracefulTimeout, 0.5);
  for (const bad of [
    value('workers', '2'),
    value('workers', 0),
    value('workers', 1.5),
    value('reload', 'yes'),
    value('bind', [1]),
    value('rawEnv', ['noequals']),
    value('timeout', Number.NaN),
  ]) {
    assert.equal(resolveSettings([[bad]]).problems.length, 1, JSON.stringify(bad));
  }
});

test('a reload knows what changed and what to do about it', () => {
  const before = defaultSettings();
  const after = {
    ...before,
    workers: 3,
    bind: ['0.0.0.0:1'],
    pidfile: '/x',
    loglevel: 'debug' as const,
  };
  assert.deepEqual(
    diffSettings(before, after)
      .map(({ name, onReload }) => `${name}:${onReload}`)
      .toSorted(),
    ['bind:generation', 'loglevel:live', 'pidfile:restart', 'workers:generation'],
  );
});

test('suggestions are near, or there are none', () => {
  const known = ['workers', 'worker_class', 'timeout'];
  assert.equal(suggest('wokers', known), 'workers');
  assert.equal(suggest('timeuot', known), 'timeout');
  assert.equal(suggest('completely', known), null);
});
