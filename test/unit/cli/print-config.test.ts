import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { renderSettings } from '../../../src/cli/print-config.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { defaultSettings } from '../../../src/settings/table.ts';

test('every setting is printed with its value and where that comes from', () => {
  const { settings, origins } = resolveSettings([
    [{ name: 'workers', raw: 3, kind: 'value', origin: 'tsgun.conf.toml:1' }],
    [{ name: 'umask', raw: '027', kind: 'text', origin: '--umask' }],
  ]);
  const text = renderSettings(settings, origins);
  assert.match(text, /^workers +=? 3 +# tsgun\.conf\.toml:1$/m);
  assert.match(text, /^umask +=? 0o027 +# --umask$/m);
  assert.match(text, /^bind +=? \["127\.0\.0\.1:8000"\] +# default$/m);
  assert.match(text, /^# user +is not set +# default$/m);
});

test('the origins stand below each other', () => {
  const columns = renderSettings(defaultSettings(), {})
    .trimEnd()
    .split('\n')
    .map((line) => line.lastIndexOf('  # '))
    .filter((column) => column <= 60);
  assert.equal(new Set(columns).size, 1);
});

test('what is printed is a config file with the same settings', () => {
  const anyText = fc
    .string({ minLength: 1, unit: 'binary-ascii' })
    .map((s) => s.replaceAll('\0', ''));
  const given = fc.record({
    workers: fc.oneof(fc.integer({ min: 1, max: 1024 }), fc.constant('auto' as const)),
    keepalive: fc.double({ min: 0, max: 1e6, noNaN: true }),
    umask: fc.option(fc.integer({ min: 0, max: 0o7777 })),
    user: fc.option(anyText.filter((one) => one !== '')),
    bind: fc.array(
      anyText.filter((one) => one !== ''),
      { minLength: 1 },
    ),
    daemon: fc.boolean(),
  });
  fc.assert(
    fc.property(given, (values) => {
      const settings = { ...defaultSettings(), ...values };
      const read = Object.entries(parse(renderSettings(settings, {})));
      const again = resolveSettings([
        read.map(([name, raw]) => ({ name, raw, kind: 'value', origin: 'file' })),
      ]);
      assert.deepEqual(again.problems, []);
      assert.deepEqual(again.settings, settings);
    }),
  );
});
