import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { renderSampleConfig } from '../../../packaging/sample-config.ts';
import type { Setting } from '../../../src/settings/define.ts';
import { toSnake } from '../../../src/settings/names.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { defaultSettings, settingNames, table } from '../../../src/settings/table.ts';

const sample = renderSampleConfig();
const entries = sample.split('\n').filter((line) => /^#[a-z_]+ = /.test(line));
const nameOf = (line: string): string => line.replace(/^#(\w+) = .*/, '$1');

test('the sample sets nothing', () => {
  assert.deepEqual(Object.keys(parse(sample)), []);
});

test('the sample has every setting that a file may have, once', () => {
  const expected = settingNames.filter((name) => {
    const entry: Setting<unknown> = table[name];
    return entry.notIn === undefined;
  });
  assert.deepEqual(entries.map(nameOf).toSorted(), expected.map(toSnake).toSorted());
});

test('whatever shows a default stands for it', () => {
  const first = ['app', 'chdir', 'bind', 'workers', 'accesslog'];
  assert.deepEqual(entries.slice(0, 5).map(nameOf), first);
  const lines = sample.split('\n');
  const shown = entries.slice(5).filter((line) => !/default$/.test(before(lines, line)));
  const values = parse(shown.map((line) => line.slice(1)).join('\n'));
  const given = Object.entries(values).map(([name, raw]) => ({
    name,
    raw,
    kind: 'value' as const,
    origin: name,
  }));
  const { settings, problems } = resolveSettings([given]);
  assert.deepEqual(problems, []);
  assert.deepEqual(settings, defaultSettings());
  assert.ok(given.length > 50);
});

const before = (lines: readonly string[], line: string): string =>
  lines[lines.indexOf(line) - 1] ?? '';

test('the sample is read without scrolling sideways', () => {
  const long = sample.split('\n').filter((line) => line.startsWith('# ') && line.length > 100);
  assert.deepEqual(long, []);
});
