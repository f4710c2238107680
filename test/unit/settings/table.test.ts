import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setting } from '../../../src/settings/define.ts';
import { describeValue } from '../../../src/settings/describe-value.ts';
import { isForeign } from '../../../src/settings/foreign.ts';
import { toKebab, toSnake } from '../../../src/settings/names.ts';
import { defaultSettings, sections, settingNames, table } from '../../../src/settings/table.ts';

const entries = settingNames.map((name): [string, Setting<unknown>] => [name, table[name]]);

test('every setting of one value understands its default as text', () => {
  for (const [name, { schema, default: value }] of entries) {
    if (value === null || schema.many) continue;
    assert.deepEqual(schema.fromText(describeValue(value)), { ok: true, value }, name);
  }
});

test('every setting stands in one section', () => {
  const named = Object.values(sections).flatMap((section) => Object.keys(section));
  assert.deepEqual(named, [...new Set(named)]);
  assert.deepEqual(named.toSorted(), settingNames.toSorted());
});

test('no two settings share a flag', () => {
  const flags = entries.flatMap(([name, { schema, short = [], aliases = [] }]) => {
    const negatable = schema.metavar === null && !/^no[A-Z]/.test(name);
    const negation = negatable ? [`no-${toKebab(name)}`] : [];
    return [toKebab(name), ...aliases, ...short, ...negation];
  });
  assert.deepEqual(flags, [...new Set(flags)]);
});

test('no setting of ours is said to be missing', () => {
  assert.deepEqual(settingNames.map(toSnake).filter(isForeign), []);
});

test("Gunicorn's settings have Gunicorn's defaults", () => {
  const { bind, workers, timeout, gracefulTimeout, keepalive, backlog, ...rest } =
    defaultSettings();
  assert.deepEqual(bind, ['127.0.0.1:8000']);
  assert.deepEqual(
    { workers, timeout, gracefulTimeout, keepalive, backlog },
    { workers: 1, timeout: 30, gracefulTimeout: 30, keepalive: 2, backlog: 2048 },
  );
  assert.equal(rest.limitRequestLine, 4094);
  assert.equal(rest.limitRequestFields, 100);
  assert.equal(rest.limitRequestFieldSize, 8190);
  assert.equal(rest.workerConnections, 1000);
  assert.equal(rest.loglevel, 'info');
  assert.equal(rest.errorlog, '-');
  assert.equal(rest.accesslog, null);
});
