import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from '../../../../ctl/doctor/check.ts';
import { renderChecks } from '../../../../ctl/doctor/render-checks.ts';

const checks: Check[] = [
  { name: 'workers', verdict: 'ok', message: '4 of 4 serve', hint: null },
  {
    name: 'backlog',
    verdict: 'warn',
    message: 'one two three four five six',
    hint: 'sysctl -w a=1',
  },
  { name: 'clock', verdict: 'unknown', message: 'Cannot tell', hint: null },
  { name: 'reachable', verdict: 'fail', message: 'refused', hint: 'tsgunctl workers' },
];

test('renderChecks() puts the worst first and counts', () => {
  assert.equal(
    renderChecks(checks, { color: false, width: null }),
    `FAIL  reachable  refused
                 -> tsgunctl workers
WARN  backlog    one two three four five six
                 -> sysctl -w a=1
?     clock      Cannot tell
ok    workers    4 of 4 serve

1 ok, 1 warning, 1 failure, 1 unknown
`,
  );
});

test('renderChecks() wraps at words to the width of the terminal', () => {
  const text = renderChecks(checks, { color: false, width: 40 });
  for (const line of text.split('\n')) assert.ok(line.length <= 40, line);
  assert.match(text, /one two three four five\n {17}six\n/);
});

test('renderChecks() colours only when asked, and lets nothing steer the terminal', () => {
  const evil: Check[] = [
    { name: 'a\nb', verdict: 'ok', message: '\x1b[2Jx\rz\u202e', hint: '\x07' },
  ];
  const plain = renderChecks(evil, { color: false, width: 80 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.doesNotMatch(plain, /[\x00-\x09\x0b-\x1f\x7f\u202e]/);
  assert.equal(plain.split('\n').length, 5);
  assert.ok(renderChecks(evil, { color: true, width: 80 }).startsWith('\x1b[32mok\x1b[0m'));
});

test('renderChecks() has words for nothing at all', () => {
  assert.match(renderChecks([], { color: false, width: 80 }), /^\n0 ok, 0 warnings/);
});
